#include "generator/janusflow/flow_engine_model.h"

#include <cassert>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {

std::vector<int32_t> FlowEngineModel::image_prompt(const std::string& prompt, bool special_tokens) const {
  return checked(image_request_ids(tokenizer(), special_ids(), prompt, special_tokens));
}

// The begin token alone: the reference puts pads behind it and masks them.
std::vector<int32_t> FlowEngineModel::unconditional_prompt(std::span<const int32_t> image_prompt) const {
  return {image_prompt.begin(), image_prompt.begin() + 1};
}

Tensor FlowEngineModel::encode_images(std::span<const float> pixels, const LayerHook& on_layer) const {
  return networks_.embed_images(pixels, on_layer);
}

void FlowEngineModel::check_image_embeddings(std::span<const float> pixels) const {
  check_finite(ops::to_host(networks_.vision_tower(pixels)), "vision tower");
  check_finite(ops::to_host(networks_.embed_images(pixels)), "aligner of the vision tower");
}

// Without images of codes, no code is ever read or sampled.
Tensor FlowEngineModel::embed([[maybe_unused]] TokenKind kind, std::span<const int32_t> ids) const {
  assert(kind == TokenKind::text);
  return embed_text(ids);
}

Tensor FlowEngineModel::logits([[maybe_unused]] TokenKind kind, const Tensor& hidden) const {
  assert(kind == TokenKind::text);
  return text_logits(hidden);
}

void FlowEngineModel::complete_plan([[maybe_unused]] TokenKind kind, DeviceDecodePlan& plan) const {
  assert(kind == TokenKind::text);
  complete_text_plan(plan);
}

Image FlowEngineModel::make_image(const ImageCodes&, const LayerHook&) const {
  fail(
      "codes: expected a model that has images as codes, found JanusFlow, which draws latents; use a Janus "
      "or "
      "Janus-Pro model");
}

}  // namespace janus
