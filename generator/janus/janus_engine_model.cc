#include "generator/janus/janus_engine_model.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/json.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

constexpr uint8_t kNotMade = 127;  // grey

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

}  // namespace

const TextTokenizer& JanusEngineModel::tokenizer() const {
  if (text_.tokenizer == nullptr) throw Error(text_.no_tokenizer);
  return *text_.tokenizer;
}

std::vector<int32_t> JanusEngineModel::checked(std::vector<int32_t> ids) const {
  const int64_t rows = networks_.language_model.config().vocab_size;
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

std::vector<int32_t> JanusEngineModel::answer_prompt(std::span<const ChatTurn> turns, int images,
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

std::vector<int32_t> JanusEngineModel::next_turn(const ChatTurn& turn, bool special_tokens) const {
  return checked(next_turn_prompt(tokenizer(), text_.special, turn.question, turn.images, image_tokens(),
                                  special_tokens, turn.marked_places));
}

std::vector<int32_t> JanusEngineModel::answer_ids(const std::string& answer, bool special_tokens) const {
  return checked(janus::answer_ids(tokenizer(), answer, special_tokens));
}

std::vector<int32_t> JanusEngineModel::image_prompt(const std::string& prompt, bool special_tokens) const {
  return checked(generation_prompt(tokenizer(), text_.special, prompt, special_tokens));
}

std::vector<int32_t> JanusEngineModel::unconditional_prompt(std::span<const int32_t> image_prompt) const {
  check(text_.special.pad >= 0,
        "model: expected pad_token_id in generation_config.json, found none: guidance needs it; add it "
        "there, or put the tokenizer's files beside the weights");
  return checked(janus::unconditional_prompt(image_prompt, text_.special.pad));
}

Tensor JanusEngineModel::encode_images(std::span<const float> pixels, const LayerHook& on_layer) const {
  return networks_.aligner(networks_.vision_tower(pixels, on_layer));
}

void JanusEngineModel::check_image_embeddings(std::span<const float> pixels) const {
  const Tensor features = networks_.vision_tower(pixels);
  check_finite(ops::to_host(features), "vision tower");
  check_finite(ops::to_host(networks_.aligner(features)), "aligner of the vision tower");
}

Tensor JanusEngineModel::prompt_embeddings(std::span<const int32_t> ids,
                                           std::span<const Tensor> images) const {
  const int64_t count = image_tokens();
  const auto places = std::count(ids.begin(), ids.end(), text_.special.placeholder);
  check(places == count * static_cast<int64_t>(images.size()),
        "prompt: expected {} places for the embeddings of {} images, found {}", count * images.size(),
        images.size(), places);
  std::vector<int32_t> looked_up = checked({ids.begin(), ids.end()});
  // The placeholder's own row is never seen, and for Janus-1.3B may lie behind the table.
  std::replace(looked_up.begin(), looked_up.end(), text_.special.placeholder, 0);
  const Tensor embeddings = networks_.language_model.embed(looked_up);  // [T, D]
  size_t place = 0;
  for (const Tensor& image : images) lay_over(image, ids, text_.special.placeholder, place, embeddings);
  return embeddings.reshape({1, embeddings.size(0), embeddings.size(1)});
}

Tensor JanusEngineModel::embed(TokenKind kind, std::span<const int32_t> ids) const {
  if (kind == TokenKind::code) return networks_.embed_codes(ids);
  const Tensor embeddings = networks_.language_model.embed(ids);  // [B, D]
  return embeddings.reshape({embeddings.size(0), 1, embeddings.size(1)});
}

Tensor JanusEngineModel::logits(TokenKind kind, const Tensor& hidden) const {
  return kind == TokenKind::text ? networks_.lm_head(hidden) : networks_.gen_head(hidden);
}

void JanusEngineModel::complete_plan(TokenKind kind, DeviceDecodePlan& plan) const {
  if (kind == TokenKind::text) {
    plan.table = networks_.language_model.embed_tokens().weight;
    plan.head.push_back({networks_.lm_head.weight, networks_.lm_head.bias});
    return;
  }
  plan.table = networks_.code_table();
  for (const Linear& layer : networks_.gen_head.layers) plan.head.push_back({layer.weight, layer.bias});
}

// The decoder wants all codes: the last line stands in for those to come, so that its surroundings look
// alike.
Image JanusEngineModel::make_image(const ImageCodes& codes, const LayerHook& on_layer) const {
  const auto width = static_cast<size_t>(codes.width), all = width * static_cast<size_t>(codes.height);
  std::vector<int32_t> filled = codes.codes;
  check(filled.size() >= width || filled.size() == all, "codes: expected a line of {} at least, found {}",
        width, filled.size());
  while (filled.size() < all) filled.push_back(filled[filled.size() - width]);
  const Tensor pixels =
      networks_.vq_model.decode(filled, codes.height, codes.width, on_layer);  // [1, h, w, 3]
  const std::vector<float> values = ops::to_host(pixels);
  check_finite(values, "decoder of images");
  Image image = to_image(values, static_cast<int>(pixels.size(2)), static_cast<int>(pixels.size(1)));
  const size_t lines = codes.codes.size() / width * static_cast<size_t>(image.height / codes.height);
  std::fill(image.pixels.begin() + static_cast<int64_t>(lines * static_cast<size_t>(image.width) * 3),
            image.pixels.end(), kNotMade);
  return image;
}

}  // namespace janus
