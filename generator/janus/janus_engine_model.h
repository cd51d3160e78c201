// The EngineModel of the Janus family.
// Source: deepseek-ai/Janus, inference.py and generation_inference.py.
#pragma once

#include "generator/chat_engine_model.h"
#include "generator/janus/janus_networks.h"

namespace janus {

class JanusEngineModel : public ChatEngineModel {
 public:
  // `networks` must outlive it.
  JanusEngineModel(const JanusNetworks& networks, Text text)
      : ChatEngineModel(networks.language_model, networks.lm_head, std::move(text)), networks_(networks) {}

  DType cache_dtype() const override { return networks_.cache_dtype; }

  std::vector<int32_t> image_prompt(const std::string& prompt, bool special_tokens) const override;
  std::vector<int32_t> unconditional_prompt(std::span<const int32_t> image_prompt) const override;

  int64_t image_tokens() const override { return networks_.config.image_tokens(); }
  int64_t code_lines() const override { return networks_.config.vision.grid(); }
  int64_t codes_per_line() const override { return networks_.config.vision.grid(); }
  int64_t codebook_size() const override { return networks_.config.vq.codebook_size; }

  Tensor encode_images(std::span<const float> pixels, const LayerHook& on_layer) const override;
  void check_image_embeddings(std::span<const float> pixels) const override;
  Tensor embed(TokenKind kind, std::span<const int32_t> ids) const override;
  Tensor logits(TokenKind kind, const Tensor& hidden) const override;
  void complete_plan(TokenKind kind, DeviceDecodePlan& plan) const override;
  Image make_image(const ImageCodes& codes, const LayerHook& on_layer) const override;

 private:
  const JanusNetworks& networks_;
};

}  // namespace janus
