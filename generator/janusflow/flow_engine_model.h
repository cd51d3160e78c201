// The EngineModel of JanusFlow.
// Source: deepseek-ai/Janus, janusflow/models/modeling_vlm.py (prepare_inputs_embeds).
#pragma once

#include "generator/chat_engine_model.h"
#include "generator/janusflow/flow_drawing.h"
#include "generator/janusflow/flow_networks.h"

namespace janus {

class FlowEngineModel : public ChatEngineModel {
 public:
  // `networks` and `vae` must outlive it.
  FlowEngineModel(const FlowNetworks& networks, const FlowVae& vae, Text text)
      : ChatEngineModel(networks.language_model, networks.lm_head, with_begin(std::move(text))),
        networks_(networks),
        drawing_(networks, vae) {}

  DType cache_dtype() const override { return networks_.cache_dtype; }

  // Behind both stands the time of a step, in place of a token for the image's beginning.
  std::vector<int32_t> image_prompt(const std::string& prompt, bool special_tokens) const override;
  std::vector<int32_t> unconditional_prompt(std::span<const int32_t> image_prompt) const override;

  ImageDefaults image_defaults() const override { return kFlowImages; }
  const LatentFlow* latent_flow() const override { return &drawing_; }

  // The learned beginning of an image and its patches.
  int64_t image_tokens() const override { return networks_.config.image_tokens(); }
  int64_t code_lines() const override { return 0; }
  int64_t codes_per_line() const override { return 0; }
  int64_t codebook_size() const override { return 0; }

  Tensor encode_images(std::span<const float> pixels, const LayerHook& on_layer) const override;
  void check_image_embeddings(std::span<const float> pixels) const override;
  Tensor embed(TokenKind kind, std::span<const int32_t> ids) const override;
  Tensor logits(TokenKind kind, const Tensor& hidden) const override;
  void complete_plan(TokenKind kind, DeviceDecodePlan& plan) const override;
  Image make_image(const ImageCodes& codes, const LayerHook& on_layer) const override;

 private:
  // The reference lays an image over its begin-of-image, too.
  static Text with_begin(Text text) {
    text.special.begins_in_image = true;
    return text;
  }

  const FlowNetworks& networks_;
  FlowDrawing drawing_;
};

}  // namespace janus
