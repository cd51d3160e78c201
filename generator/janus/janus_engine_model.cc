#include "generator/janus/janus_engine_model.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

constexpr uint8_t kNotMade = 127;  // grey

}  // namespace

std::vector<int32_t> JanusEngineModel::image_prompt(const std::string& prompt, bool special_tokens) const {
  return checked(generation_prompt(tokenizer(), special_ids(), prompt, special_tokens));
}

std::vector<int32_t> JanusEngineModel::unconditional_prompt(std::span<const int32_t> image_prompt) const {
  check(special_ids().pad >= 0,
        "model: expected pad_token_id in generation_config.json, found none: guidance needs it; add it "
        "there, or put the tokenizer's files beside the weights");
  return checked(janus::unconditional_prompt(image_prompt, special_ids().pad));
}

Tensor JanusEngineModel::encode_images(std::span<const float> pixels, const LayerHook& on_layer) const {
  return networks_.aligner(networks_.vision_tower(pixels, on_layer));
}

void JanusEngineModel::check_image_embeddings(std::span<const float> pixels) const {
  const Tensor features = networks_.vision_tower(pixels);
  check_finite(ops::to_host(features), "vision tower");
  check_finite(ops::to_host(networks_.aligner(features)), "aligner of the vision tower");
}

Tensor JanusEngineModel::embed(TokenKind kind, std::span<const int32_t> ids) const {
  return kind == TokenKind::text ? embed_text(ids) : networks_.embed_codes(ids);
}

Tensor JanusEngineModel::logits(TokenKind kind, const Tensor& hidden) const {
  return kind == TokenKind::text ? text_logits(hidden) : networks_.gen_head(hidden);
}

void JanusEngineModel::complete_plan(TokenKind kind, DeviceDecodePlan& plan) const {
  if (kind == TokenKind::text) return complete_text_plan(plan);
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
