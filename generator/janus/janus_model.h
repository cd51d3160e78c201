// The Model of the Janus family: Janus-1.3B, Janus-Pro and whatever has their architecture.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "generator/janus/costs.h"
#include "generator/janus/janus_networks.h"
#include "generator/model.h"
#include "generator/prompt.h"

namespace janus {

class JanusModel : public Model {
 public:
  JanusModel(const Checkpoint& checkpoint, std::shared_ptr<Device> device, const ModelOptions& options);

  const JanusNetworks& networks() const { return networks_; }
  const SpecialIds& special_ids() const { return special_; }

  const ModelInfo& info() const override { return info_; }
  Device& device() const override { return *device_; }
  const TextTokenizer& tokenizer() const override;
  const PreprocessConfig& preprocess_config() const override { return networks_.config.preprocess; }
  PassCost cost(Part part, int64_t tokens, int images) const override {
    return cost_of(networks_, part, tokens, images);
  }

  Answer describe(std::span<const Image> images, const DescribeOptions& options, const TextSink& on_text,
                  const Progress& progress) const override;
  std::unique_ptr<AnswerBatch> open_batch(const BatchOptions& options) const override;
  Timings generate(const GenerateOptions& options, const ImageSink& on_image,
                   const Progress& progress) const override;
  Timings generate_each(std::span<const ImageRequest> requests, const DrawHooks& hooks) const override;
  void check_prompt(const std::string& prompt) const override;
  std::vector<Score> score_texts(std::span<const Image> images, const std::string& prompt,
                                 std::span<const std::string> texts) const override;
  Score score_text(std::span<const Image> images, const std::string& prompt,
                   const std::string& text) const override;
  Score score_codes(const std::string& prompt, const ImageCodes& codes, float guidance) const override;
  ImageCodes encode(const Image& image) const override;
  Array decode(const ImageCodes& codes) const override;
  Array embed(const Image& image, EmbedStage stage) const override;
  Answer describe_ids(std::span<const Image> images, std::span<const int32_t> prompt_ids,
                      const DescribeOptions& options, const Progress& progress) const override;
  Timings generate_ids(std::span<const int32_t> prompt_ids, const GenerateOptions& options,
                       const ImageSink& on_image, const Progress& progress) const override;

 private:
  std::shared_ptr<Device> device_;
  JanusNetworks networks_;
  std::unique_ptr<TextTokenizer> tokenizer_;
  std::string no_tokenizer_;  // why there is none
  SpecialIds special_;
  ModelInfo info_;
  int images_at_once_ = 0;
};

}  // namespace janus
