// What an EngineModel of this project's families knows of text: prompts, places of images, and the way of ids
// in and out of the decoder. Source: deepseek-ai/Janus, models/modeling_vlm.py (prepare_inputs_embeds).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/nn/layers.h"
#include "generator/engine/engine_model.h"
#include "generator/prompt.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {

class ChatEngineModel : public EngineModel {
 public:
  // What it knows of text.
  struct Text {
    const TextTokenizer* tokenizer = nullptr;  // must outlive it; null where there is none
    std::string no_tokenizer = {};             // says why then
    SpecialIds special = {};
    std::vector<int32_t> ends = {};  // as end_ids()
    std::string model_name = {};     // for messages
  };

  const SpecialIds& special_ids() const { return text_.special; }
  // Throws Error that says why where there is no tokenizer.
  const TextTokenizer& tokenizer() const;

  const Transformer& language_model() const override { return language_model_; }
  const TextTokenizer* text_tokenizer() const override { return text_.tokenizer; }

  std::vector<int32_t> answer_prompt(std::span<const ChatTurn> turns, int images,
                                     bool special_tokens) const override;
  std::vector<int32_t> next_turn(const ChatTurn& turn, bool special_tokens) const override;
  std::vector<int32_t> answer_ids(const std::string& answer, bool special_tokens) const override;

  int32_t placeholder_id() const override { return text_.special.placeholder; }
  int32_t end_id() const override { return text_.special.end; }
  std::span<const int32_t> end_ids() const override { return text_.ends; }

  Tensor prompt_embeddings(std::span<const int32_t> ids, std::span<const Tensor> images) const override;

 protected:
  // Both parts must outlive it.
  ChatEngineModel(const Transformer& language_model, const Linear& lm_head, Text text)
      : language_model_(language_model), lm_head_(lm_head), text_(std::move(text)) {}

  // Throws Error for an id that the decoder has no embedding for; `ids` otherwise.
  std::vector<int32_t> checked(std::vector<int32_t> ids) const;
  // embed(), logits() and complete_plan() of text.
  Tensor embed_text(std::span<const int32_t> ids) const;
  Tensor text_logits(const Tensor& hidden) const { return lm_head_(hidden); }
  void complete_text_plan(DeviceDecodePlan& plan) const;

 private:
  const Transformer& language_model_;
  const Linear& lm_head_;
  Text text_;
};

// The tokenizer of a checkpoint, where it can be read, and what a ChatEngineModel knows of it.
struct ModelText {
  std::unique_ptr<TextTokenizer> tokenizer;
  ChatEngineModel::Text text;
};
ModelText read_model_text(const Checkpoint& checkpoint, int64_t vocab_size, bool system_prompt);

}  // namespace janus
