#include "generator/chat_engine_model.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/tensor/ops.h"
#include "generator/end_ids.h"

namespace janus {
namespace {

// Places of images in ids that a caller made by hand may stand apart.
void lay_over(const Tensor& image, std::span<const int32_t> ids, int32_t placeholder, size_t& place,
              const Tensor& embeddings) {
  const int64_t count = image.size(0);
  for (int64_t row = 0; row < count;) {
    while (ids[place] != placeholder) ++place;
    size_t end = place;
    while (end < ids.size() && ids[end] == placeholder && row + static_cast<int64_t>(end - place) < count)
      ++end;
    const auto run = static_cast<int64_t>(end - place);
    ops::copy(image.rows(row, run), embeddings.rows(static_cast<int64_t>(place), run));
    row += run;
    place = end;
  }
}

// Without a tokenizer the numbers come from the model's own JSON, as far as they stand there.
SpecialIds special_ids_from_json(const Checkpoint& checkpoint) {
  constexpr int64_t kMost = 1 << 30;
  SpecialIds special;
  const auto id = [](const JsonObject& source, const char* key) {
    return static_cast<int32_t>(source.integer(key, -1, -1, kMost));
  };
  const JsonObject config(checkpoint.config(), checkpoint.files().name() + "/config.json");
  special.placeholder = id(config, "image_token_id");
  const std::string file = "generation_config.json";
  if (!checkpoint.files().contains(file)) return special;
  const nlohmann::json json = checkpoint.files().json(file);
  const JsonObject source(json, checkpoint.files().name() + "/" + file);
  special.pad = id(source, "pad_token_id");
  return special;
}

}  // namespace

const TextTokenizer& ChatEngineModel::tokenizer() const {
  if (text_.tokenizer == nullptr) throw Error(text_.no_tokenizer);
  return *text_.tokenizer;
}

std::vector<int32_t> ChatEngineModel::checked(std::vector<int32_t> ids) const {
  const int64_t rows = language_model_.config().vocab_size;
  for (const int32_t id : ids) {
    if (id >= 0 && (id < rows || id == text_.special.placeholder)) continue;
    const bool known = text_.tokenizer != nullptr && id >= 0 && id < text_.tokenizer->size();
    fail(
        "tokenizer of the model {}: expected ids below {}, the rows of its embed_tokens, found {}{}; take "
        "the tokenizer files that belong to this model",
        text_.model_name, rows, id, known ? ", the token " + excerpt(text_.tokenizer->token_of(id)) : "");
  }
  return ids;
}

std::vector<int32_t> ChatEngineModel::answer_prompt(std::span<const ChatTurn> turns, int images,
                                                    bool special_tokens) const {
  check(!turns.empty(), "conversation: expected a question, found none");
  std::vector<int32_t> ids;
  int placed = 0;
  for (size_t i = 0; i < turns.size(); ++i) {
    const ChatTurn& turn = turns[i];
    const std::vector<int32_t> asked =
        i == 0 ? understanding_prompt(tokenizer(), text_.special, turn.question, turn.images, image_tokens(),
                                      special_tokens, turn.marked_places, turn.system)
               : next_turn(turn, special_tokens);
    ids.insert(ids.end(), asked.begin(), asked.end());
    placed += turn.images;
    if (i + 1 == turns.size()) break;
    const std::vector<int32_t> said = answer_ids(turn.answer, special_tokens);
    ids.insert(ids.end(), said.begin(), said.end());
    ids.push_back(text_.special.end);
  }
  check(placed == images, "conversation: expected {} images, as its turns have, found {}", placed, images);
  return checked(std::move(ids));
}

std::vector<int32_t> ChatEngineModel::next_turn(const ChatTurn& turn, bool special_tokens) const {
  return checked(next_turn_prompt(tokenizer(), text_.special, turn.question, turn.images, image_tokens(),
                                  special_tokens, turn.marked_places));
}

std::vector<int32_t> ChatEngineModel::answer_ids(const std::string& answer, bool special_tokens) const {
  return checked(janus::answer_ids(tokenizer(), answer, special_tokens));
}

Tensor ChatEngineModel::prompt_embeddings(std::span<const int32_t> ids,
                                          std::span<const Tensor> images) const {
  const int64_t count = image_tokens();
  const auto places = std::count(ids.begin(), ids.end(), text_.special.placeholder);
  check(places == count * static_cast<int64_t>(images.size()),
        "prompt: expected {} places for the embeddings of {} images, found {}", count * images.size(),
        images.size(), places);
  std::vector<int32_t> looked_up = checked({ids.begin(), ids.end()});
  // The placeholder's own row is never seen, and for Janus-1.3B may lie behind the table.
  std::replace(looked_up.begin(), looked_up.end(), text_.special.placeholder, 0);
  const Tensor embeddings = language_model_.embed(looked_up);  // [T, D]
  size_t place = 0;
  for (const Tensor& image : images) lay_over(image, ids, text_.special.placeholder, place, embeddings);
  return embeddings.reshape({1, embeddings.size(0), embeddings.size(1)});
}

Tensor ChatEngineModel::embed_text(std::span<const int32_t> ids) const {
  const Tensor embeddings = language_model_.embed(ids);  // [B, D]
  return embeddings.reshape({embeddings.size(0), 1, embeddings.size(1)});
}

void ChatEngineModel::complete_text_plan(DeviceDecodePlan& plan) const {
  plan.table = language_model_.embed_tokens().weight;
  plan.head.push_back({lm_head_.weight, lm_head_.bias});
}

ModelText read_model_text(const Checkpoint& checkpoint, int64_t vocab_size, bool system_prompt) {
  ModelText read;
  ChatEngineModel::Text& text = read.text;
  text.model_name = checkpoint.files().name();
  try {
    read.tokenizer = open_tokenizer(checkpoint.files());
    text.special = find_special_ids(*read.tokenizer);
  } catch (const Error& error) {
    // A model without a readable tokenizer still works on ids and images; who asks for text gets the reason.
    read.tokenizer.reset();
    text.no_tokenizer = error.what();
    text.special = special_ids_from_json(checkpoint);
  }
  text.tokenizer = read.tokenizer.get();
  text.ends = read_end_ids(checkpoint, read.tokenizer.get(), vocab_size);
  if (text.special.end < 0 && !text.ends.empty()) text.special.end = text.ends.front();
  text.special.system_prompt = system_prompt;
  return read;
}

}  // namespace janus
