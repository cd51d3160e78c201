#include "generator/prompt.h"

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus {
namespace {

constexpr std::string_view kPlaceholder = "<image_placeholder>";
constexpr std::string_view kPad = "<｜▁pad▁｜>";
constexpr std::string_view kSystemPrompt =
    "You are a helpful language and vision assistant. You are able to understand the visual content that the "
    "user provides, and assist the user with a variety of tasks using natural language.";

// Janus-Pro has tokens for its roles; Janus-1.3B was trained on plain words.
struct Roles {
  std::string_view user, assistant;
};
Roles roles_of(const TextTokenizer& tokenizer) {
  const bool tokens = tokenizer.id_of("<|User|>").has_value() && tokenizer.id_of("<|Assistant|>").has_value();
  return tokens ? Roles{"<|User|>", "<|Assistant|>"} : Roles{"User", "Assistant"};
}

// A text that is put together, and what of it is somebody's own words or the place of an image.
class PromptText {
 public:
  // special_tokens: whether tokens among somebody's words mean what they are.
  explicit PromptText(bool special_tokens) : special_tokens_(special_tokens) {}

  void add(std::string_view text) { text_ += text; }
  void add_words(std::string_view words) {
    if (!special_tokens_) return add_plain_words(words);
    text_ += to_utf8(words);
  }
  // The same, in which no token means what it is.
  void add_plain_words(std::string_view words) {
    const size_t begin = text_.size();
    text_ += to_utf8(words);
    plain_.push_back({begin, text_.size()});
  }
  // The same, in which no place is an image's.
  void add_words_without_places(std::string_view words) {
    const size_t begin = text_.size();
    add_words(words);
    if (!special_tokens_) return;  // all of it is text
    for (size_t at = text_.find(kPlaceholder, begin); at != text_.npos;
         at = text_.find(kPlaceholder, at + kPlaceholder.size()))
      plain_.push_back({at, at + kPlaceholder.size()});
  }
  void add_place() {
    places_.push_back({text_.size(), text_.size() + kPlaceholder.size()});
    text_ += kPlaceholder;
  }

  // Every place of an image is one `placeholder`, also where the tokenizer has no such token.
  std::vector<int32_t> encode(const TextTokenizer& tokenizer, int32_t placeholder, bool add_begin) const {
    if (tokenizer.id_of(kPlaceholder)) return tokenizer.encode(text_, add_begin, plain_);
    std::vector<int32_t> ids;
    size_t done = 0;
    const auto add_until = [&](size_t end) {
      const std::string_view piece = std::string_view(text_).substr(done, end - done);
      const std::vector<int32_t> piece_ids =
          tokenizer.encode(piece, add_begin && done == 0, within(plain_, done, end));
      ids.insert(ids.end(), piece_ids.begin(), piece_ids.end());
    };
    for (const TextRange& place : places_) {
      add_until(place.begin);
      ids.push_back(placeholder);
      done = place.end;
    }
    add_until(text_.size());
    return ids;
  }

 private:
  bool special_tokens_;
  std::string text_;
  std::vector<TextRange> plain_, places_;
};

int count_placeholders(std::string_view text) {
  int count = 0;
  for (size_t at = text.find(kPlaceholder); at != std::string_view::npos;
       at = text.find(kPlaceholder, at + kPlaceholder.size())) {
    ++count;
  }
  return count;
}

// A question and the places of its images.
void add_question(PromptText& text, std::string_view question, int images, bool special_tokens,
                  bool marked_places) {
  question = strip(question);
  const bool may_place = marked_places && (images > 0 || special_tokens);
  const int placed = may_place ? count_placeholders(question) : 0;
  check(placed == 0 || placed == images,
        "prompt: expected \"{}\" once for each of {} images or not at all, found it "
        "{} times; correct the prompt",
        kPlaceholder, images, placed);
  if (placed == 0) {
    for (int image = 0; image < images; ++image) {
      text.add_place();
      if (image + 1 < images || !question.empty()) text.add("\n");
    }
  }
  for (int image = 0; image < placed; ++image) {
    const size_t at = question.find(kPlaceholder);
    text.add_words(question.substr(0, at));
    text.add_place();
    question.remove_prefix(at + kPlaceholder.size());
  }
  if (marked_places) {
    text.add_words(question);
  } else {
    text.add_words_without_places(question);
  }
}

// The ids of the user's turn, up to where the answer begins. The first turn brings the system prompt and the
// begin token.
std::vector<int32_t> turn_ids(const TextTokenizer& tokenizer, const SpecialIds& special,
                              const PromptText& turn, int64_t image_tokens, bool first) {
  std::vector<int32_t> ids;
  for (int32_t id : turn.encode(tokenizer, special.placeholder, first)) {
    if (id != special.placeholder) {
      ids.push_back(id);
      continue;
    }
    if (!special.begins_in_image) ids.push_back(special.begin_of_image);
    ids.insert(ids.end(), image_tokens, special.placeholder);
    ids.push_back(special.end_of_image);
  }
  return ids;
}

PromptText asked(const TextTokenizer& tokenizer, const std::string& question, int images, bool special_tokens,
                 bool marked_places, bool system_prompt, const std::string& system) {
  const Roles roles = roles_of(tokenizer);
  PromptText text(special_tokens);
  if (!is_blank(system)) {
    text.add_plain_words(strip(system));
    text.add("\n\n");
  } else if (system_prompt) {
    text.add(kSystemPrompt);
    text.add("\n\n");
  }
  text.add(roles.user);
  text.add(": ");
  add_question(text, question, images, special_tokens, marked_places);
  text.add("\n\n");
  text.add(roles.assistant);
  text.add(":");
  return text;
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
        "tokenizer: expected a pad token, found none; guidance needs it: name it as pad_token in "
        "tokenizer_config.json");
  check(tokenizer.end_id().has_value(),
        "tokenizer: expected an end token, found none; name it as eos_token in tokenizer_config.json");
  check(tokenizer.begin_id().has_value() || !tokenizer.adds_begin(),
        "tokenizer: expected a begin token, found none; prompts begin with it: name it as bos_token in "
        "tokenizer_config.json, or say there that add_bos_token is false");
  special.pad = pad ? *pad : *tokenizer.pad_id();
  special.end = *tokenizer.end_id();
  return special;
}

std::vector<int32_t> understanding_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                          const std::string& question, int images, int64_t image_tokens,
                                          bool special_tokens, bool marked_places,
                                          const std::string& system) {
  return turn_ids(
      tokenizer, special,
      asked(tokenizer, question, images, special_tokens, marked_places, special.system_prompt, system),
      image_tokens, /*first=*/true);
}

std::vector<int32_t> next_turn_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                      const std::string& question, int images, int64_t image_tokens,
                                      bool special_tokens, bool marked_places) {
  return turn_ids(tokenizer, special,
                  asked(tokenizer, question, images, special_tokens, marked_places, /*system_prompt=*/false,
                        /*system=*/{}),
                  image_tokens, /*first=*/false);
}

std::vector<int32_t> answer_ids(const TextTokenizer& tokenizer, const std::string& answer,
                                bool special_tokens) {
  if (special_tokens) return tokenizer.encode(answer, /*add_begin=*/false);
  const std::string text = to_utf8(answer);
  const TextRange all{0, text.size()};
  return tokenizer.encode(text, /*add_begin=*/false, {&all, 1});
}

std::vector<int32_t> image_request_ids(const TextTokenizer& tokenizer, const SpecialIds& special,
                                       const std::string& prompt, bool special_tokens) {
  const Roles roles = roles_of(tokenizer);
  PromptText text(special_tokens);
  text.add(roles.user);
  text.add(": ");
  text.add_words(strip(prompt));
  text.add("\n\n");
  text.add(roles.assistant);
  text.add(":");
  std::vector<int32_t> ids = text.encode(tokenizer, special.placeholder, /*add_begin=*/true);
  check(std::find(ids.begin(), ids.end(), special.placeholder) == ids.end(),
        "prompt: expected no place of an image in a request for one, found the token \"{}\"; take it out, or "
        "leave special tokens off: it is text then",
        kPlaceholder);
  return ids;
}

std::vector<int32_t> generation_prompt(const TextTokenizer& tokenizer, const SpecialIds& special,
                                       const std::string& prompt, bool special_tokens) {
  std::vector<int32_t> ids = image_request_ids(tokenizer, special, prompt, special_tokens);
  ids.push_back(special.begin_of_image);
  return ids;
}

std::vector<int32_t> unconditional_prompt(std::span<const int32_t> ids, int32_t pad) {
  std::vector<int32_t> result(ids.begin(), ids.end());
  if (result.size() > 2) std::fill(result.begin() + 1, result.end() - 1, pad);
  return result;
}

}  // namespace janus
