// The EngineModel of the Janus family.
// Source: deepseek-ai/Janus, inference.py, generation_inference.py and models/modeling_vlm.py
// (prepare_inputs_embeds).
#pragma once

#include "generator/engine/engine_model.h"
#include "generator/janus/janus_networks.h"
#include "generator/prompt.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {

class JanusEngineModel : public EngineModel {
 public:
  // The arguments must outlive it. tokenizer: null where there is none; `no_tokenizer` says why then.
  JanusEngineModel(const JanusNetworks& networks, const TextTokenizer* tokenizer, std::string no_tokenizer,
                   SpecialIds special)
      : networks_(networks),
        tokenizer_(tokenizer),
        no_tokenizer_(std::move(no_tokenizer)),
        special_(special) {}

  const SpecialIds& special_ids() const { return special_; }
  // Throws Error that says why where there is no tokenizer.
  const TextTokenizer& tokenizer() const;

  const Transformer& language_model() const override { return networks_.language_model; }
  DType cache_dtype() const override { return networks_.cache_dtype; }
  const TextTokenizer* text_tokenizer() const override { return tokenizer_; }

  std::vector<int32_t> answer_prompt(std::span<const ChatTurn> turns, int images) const override;
  std::vector<int32_t> next_turn(const ChatTurn& turn) const override;
  std::vector<int32_t> image_prompt(const std::string& prompt) const override;
  std::vector<int32_t> unconditional_prompt(std::span<const int32_t> image_prompt) const override;

  int32_t placeholder_id() const override { return special_.placeholder; }
  int32_t end_id() const override { return special_.end; }
  int64_t image_tokens() const override { return networks_.config.image_tokens(); }
  int64_t code_lines() const override { return networks_.config.vision.grid(); }
  int64_t codes_per_line() const override { return networks_.config.vision.grid(); }
  int64_t codebook_size() const override { return networks_.config.vq.codebook_size; }

  Tensor encode_images(std::span<const float> pixels, const LayerHook& on_layer) const override;
  void check_image_embeddings(std::span<const float> pixels) const override;
  Tensor prompt_embeddings(std::span<const int32_t> ids, std::span<const Tensor> images) const override;
  Tensor embed(TokenKind kind, std::span<const int32_t> ids) const override;
  Tensor logits(TokenKind kind, const Tensor& hidden) const override;
  void complete_plan(TokenKind kind, DeviceDecodePlan& plan) const override;
  Image make_image(const ImageCodes& codes, const LayerHook& on_layer) const override;

 private:
  const JanusNetworks& networks_;
  const TextTokenizer* tokenizer_;
  std::string no_tokenizer_;
  SpecialIds special_;
};

}  // namespace janus
