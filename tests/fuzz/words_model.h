// A model that is nothing but its tokenizer and its numbers, for readers of requests: it computes nothing.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/checkpoint/file_set.h"
#include "generator/engine/engine_model.h"
#include "generator/model.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/no_device.h"

namespace janus::fuzz {

class WordsModel : public Model, private EngineModel {
 public:
  const ModelInfo& info() const override { return info_; }
  Device& device() const override { return device_; }
  const TextTokenizer& tokenizer() const override { return *tokenizer_; }
  const PreprocessConfig& preprocess_config() const override { return preprocess_; }
  PassCost cost(Part /*part*/, int64_t /*tokens*/, int /*images*/) const override { return {}; }
  const EngineModel& engine_model() const override { return *this; }

 private:
  [[noreturn]] static void none() { fail("words: expected a model that computes, found one of words alone"); }

  const Transformer& language_model() const override { none(); }
  DType cache_dtype() const override { return DType::f32; }
  const TextTokenizer* text_tokenizer() const override { return tokenizer_.get(); }
  std::vector<int32_t> answer_prompt(std::span<const ChatTurn> turns, int images,
                                     bool /*special*/) const override {
    std::vector<int32_t> ids;
    for (const ChatTurn& turn : turns) {
      for (const int32_t id : tokenizer_->encode(turn.question, false)) ids.push_back(id);
    }
    ids.insert(ids.end(), static_cast<size_t>(images) * info_.image_tokens, 0);
    return ids;
  }
  std::vector<int32_t> next_turn(const ChatTurn& turn, bool /*special*/) const override {
    return tokenizer_->encode(turn.question, false);
  }
  std::vector<int32_t> answer_ids(const std::string& answer, bool /*special*/) const override {
    return tokenizer_->encode(answer, false);
  }
  std::vector<int32_t> image_prompt(const std::string& prompt, bool /*special*/) const override {
    return tokenizer_->encode(prompt, true);
  }
  std::vector<int32_t> unconditional_prompt(std::span<const int32_t> prompt) const override {
    return std::vector<int32_t>(prompt.size(), 0);
  }
  int32_t placeholder_id() const override { return 0; }
  int32_t end_id() const override { return 1; }
  std::span<const int32_t> end_ids() const override { return ends_; }
  int64_t image_tokens() const override { return info_.image_tokens; }
  int64_t code_lines() const override { return info_.codes_height; }
  int64_t codes_per_line() const override { return info_.codes_width; }
  int64_t codebook_size() const override { return info_.codebook_size; }
  Tensor encode_images(std::span<const float> /*pixels*/, const LayerHook& /*on_layer*/) const override {
    none();
  }
  void check_image_embeddings(std::span<const float> /*pixels*/) const override { none(); }
  Tensor prompt_embeddings(std::span<const int32_t> /*ids*/,
                           std::span<const Tensor> /*images*/) const override {
    none();
  }
  Tensor embed(TokenKind /*kind*/, std::span<const int32_t> /*ids*/) const override { none(); }
  Tensor logits(TokenKind /*kind*/, const Tensor& /*hidden*/) const override { none(); }
  void complete_plan(TokenKind /*kind*/, DeviceDecodePlan& /*plan*/) const override { none(); }
  Image make_image(const ImageCodes& /*codes*/, const LayerHook& /*on_layer*/) const override { none(); }

  const std::unique_ptr<TextTokenizer> tokenizer_ =
      open_tokenizer(FileSet::folder(JANUS_TEST_DATA "/models/grouped-query"));
  const PreprocessConfig preprocess_{};
  mutable NoDevice device_;
  const std::vector<int32_t> ends_{1};
  const ModelInfo info_{.family = "janus",
                        .layout = "transformers",
                        .image_size = 64,
                        .image_tokens = 16,
                        .codes_height = 8,
                        .codes_width = 8,
                        .codebook_size = 64,
                        .context_length = 512,
                        .vocab_size = 100};
};

}  // namespace janus::fuzz
