#include "generator/prompt.h"

#include <algorithm>
#include <optional>

#include "core/base/error.h"

namespace janus {
namespace {

constexpr std::string_view kPlaceholder = "<image_placeholder>";
constexpr std::string_view kPad = "<｜▁pad▁｜>";
constexpr std::string_view kSystemPrompt =
    "You are a helpful language and vision assistant. You are able to understand the visual content that the "
    "user "
    "provides, and assist the user with a variety of tasks using natural language.";

std::string_view strip(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Janus-Pro has tokens for its roles; Janus-1.3B was trained on plain words.
struct Roles {
  std::string_view user, assistant;
};
Roles roles_of(const TextTokenizer& tokenizer) {
  const bool tokens = tokenizer.id_of("<|User|>").has_value() && tokenizer.id_of("<|Assistant|>").has_value();
  return tokens ? Roles{"<|User|>", "<|Assistant|>"} : Roles{"User", "Assistant"};
}

// One turn of the user and the beginning of the answer. `system` may be empty.
std::string render(const Roles& roles, std::string_view system, std::string_view message) {
  std::string text;
  if (!system.empty()) text.append(system).append("\n\n");
  text.append(roles.user).append(": ").append(strip(message)).append("\n\n");
  return text.append(roles.assistant).append(":");
}

int count_placeholders(std::string_view text) {
  int count = 0;
  for (size_t at = text.find(kPlaceholder); at != std::string_view::npos;
       at = text.find(kPlaceholder, at + kPlaceholder.size())) {
    ++count;
  }
  return count;
}

// Ids of text in which every "<image_placeholder>" is one `placeholder`, also where the tokenizer has no such
// token.
std::vector<int32_t> encode_with_places(const TextTokenizer& tokenizer, const std::string& text,
                                        int32_t placeholder, bool add_begin) {
  if (tokenizer.id_of(kPlaceholder)) return tokenizer.encode(text, add_begin);
  std::vector<int32_t> ids;
  for (size_t begin = 0;;) {
    const size_t end = text.find(kPlaceholder, begin);
    const std::string_view piece = std::string_view(text).substr(begin, end - begin);
    const std::vector<int32_t> piece_ids = tokenizer.encode(piece, add_begin && begin == 0);
    ids.insert(ids.end(), piece_ids.begin(), piece_ids.end());
    if (end == std::string::npos) return ids;
    ids.push_back(placeholder);
    begin = end + kPlaceholder.size();
  }
}

// The ids of the user's turn, up to where the answer begins. The first turn brings the system prompt and the
// begin token.
std::vector<int32_t> turn_ids(const TextTokenizer& tokenizer, const SpecialIds& special,
                              const std::string& question, int images, int64_t image_tokens, bool first) {
  std::string message;
  const int placed = count_placeholders(question);
  check(placed == 0 || placed == images,
        "prompt: expected \"{}\" once for each of {} images or not at all, found it "
        "{} times",
        kPlaceholder, images, placed);
  for (int image = 0; placed == 0 && image < images; ++image) message.append(kPlaceholder).append("\n");
  message.append(strip(question));

  const std::string text = render(
      roles_of(tokenizer), first && special.system_prompt ? kSystemPrompt : std::string_view(), message);
  std::vector<int32_t> ids;
  for (int32_t id : encode_with_places(tokenizer, text, special.placeholder, first)) {
    if (id != special.placeholder) {
      ids.push_back(id);
      continue;
    }
    ids.push_back(special.begin_of_image);
    ids.insert(ids.end(), image_tokens, special.placeholder);
    ids.push_back(special.end_of_image);
  }
  return ids;
}

}  // namespace

SpecialIds find_special_ids(const TextTokenizer& tokenizer) {
  const auto need = [&](const char* token) {
    const auto id = tokenizer.id_of(token);
    check(id.has_value(),
          "tokenizer: expected the token \"{}\", found none; use the tokenizer files of the model", token);
    return *id;
  };
  SpecialIds special;
  special.begin_of_image = need("<begin_of_image>");
  special.end_of_image = need("<end_of_image>");
  special.placeholder = tokenizer.id_of(kPlaceholder).value_or(tokenizer.size());
  // The reference pads with this token by its text; tokenizer_config.json may name another for training.
  const std::optional<int32_t> pad = tokenizer.id_of(kPad);
  check(pad.has_value() || tokenizer.pad_id().has_value(),
        "tokenizer: expected a pad token, found none; guidance needs it: name it in "
        "tokenizer_config.json");
  check(tokenizer.end_id().has_value(),
        "tokenizer: expected an end token, found none; name it in "
        "tokenizer_config.json");
  special.pad = pad ? *pad : *tokenizer.pad_id();
  special.end = *tokenizer.end_id();
  return special;
}

std::vector<int32_t> understanding_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                          const std::string& question, int images, int64_t image_tokens) {
  return turn_ids(tokenizer, special, question, images, image_tokens, /*first=*/true);
}

std::vector<int32_t> next_turn_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                      const std::string& question, int images, int64_t image_tokens) {
  return turn_ids(tokenizer, special, question, images, image_tokens, /*first=*/false);
}

std::vector<int32_t> generation_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                       const std::string& prompt) {
  std::vector<int32_t> ids = tokenizer.encode(render(roles_of(tokenizer), {}, prompt), /*add_begin=*/true);
  ids.push_back(special.begin_of_image);
  return ids;
}

std::vector<int32_t> unconditional_prompt(std::span<const int32_t> ids, int32_t pad) {
  std::vector<int32_t> result(ids.begin(), ids.end());
  if (result.size() > 2) std::fill(result.begin() + 1, result.end() - 1, pad);
  return result;
}

}  // namespace janus
