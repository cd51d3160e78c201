// The Model of the Janus family: Janus-1.3B, Janus-Pro and whatever has their architecture.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "generator/janus/costs.h"
#include "generator/janus/janus_engine_model.h"
#include "generator/janus/janus_networks.h"
#include "generator/model.h"

namespace janus {

class JanusModel : public Model, private ImageCoder, private ImageEmbedder {
 public:
  JanusModel(const Checkpoint& checkpoint, std::shared_ptr<Device> device, const ModelOptions& options);

  const JanusNetworks& networks() const { return networks_; }
  const SpecialIds& special_ids() const { return engine_model_->special_ids(); }

  const ModelInfo& info() const override { return info_; }
  Device& device() const override { return *device_; }
  const TextTokenizer& tokenizer() const override { return engine_model_->tokenizer(); }
  const PreprocessConfig& preprocess_config() const override { return networks_.config.preprocess; }
  PassCost cost(Part part, int64_t tokens, int images) const override {
    return cost_of(networks_, part, tokens, images);
  }
  const JanusEngineModel& engine_model() const override { return *engine_model_; }
  const ImageCoder* image_coder() const override { return this; }
  const ImageEmbedder* image_embedder() const override { return this; }

 private:
  ImageCodes encode(const Image& image) const override;
  Array decode(const ImageCodes& codes) const override;
  std::vector<float> prepare(const Image& image, EmbedStage stage) const override;
  std::vector<Array> embed(std::span<const std::vector<float>> prepared, EmbedStage stage) const override;

  std::shared_ptr<Device> device_;
  JanusNetworks networks_;
  std::unique_ptr<TextTokenizer> tokenizer_;
  std::optional<JanusEngineModel> engine_model_;
  ModelInfo info_;
};

}  // namespace janus
