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
  // What it knows of text.
  struct Text {
    const TextTokenizer* tokenizer = nullptr;  // must outlive it; null where there is none
    std::string no_tokenizer = {};             // says why then
    SpecialIds special = {};
    std::vector<int32_t> ends = {};  // as end_ids()
    std::string model_name = {};     // for messages
  };
  // `networks` must outlive it.
  JanusEngineModel(const JanusNetworks& networks, Text text) : networks_(networks), text_(std::move(text)) {}

  const SpecialIds& special_ids() const { return text_.special; }
  // Throws Error that says why where there is no tokenizer.
  const TextTokenizer& tokenizer() const;

  const Transformer& language_model() const override { return networks_.language_model; }
  DType cache_dtype() const override { return networks_.cache_dtype; }
  const TextTokenizer* text_tokenizer() const override { return text_.tokenizer; }

  std::vector<int32_t> answer_prompt(std::span<const ChatTurn> turns, int images,
                                     bool special_tokens) const override;
  std::vector<int32_t> next_turn(const ChatTurn& turn, bool special_tokens) const override;
  std::vector<int32_t> answer_ids(const std::string& answer, bool special_tokens) const override;
  std::vector<int32_t> image_prompt(const std::string& prompt, bool special_tokens) const override;
  std::vector<int32_t> unconditional_prompt(std::span<const int32_t> image_prompt) const override;

  int32_t placeholder_id() const override { return text_.special.placeholder; }
  int32_t end_id() const override { return text_.special.end; }
  std::span<const int32_t> end_ids() const override { return text_.ends; }
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
  // Throws Error for an id that the decoder has no embedding for; `ids` otherwise.
  std::vector<int32_t> checked(std::vector<int32_t> ids) const;

  const JanusNetworks& networks_;
  Text text_;
};

}  // namespace janus
