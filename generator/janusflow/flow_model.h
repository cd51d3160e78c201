// The Model of JanusFlow: JanusFlow-1.3B and whatever has its architecture.
#pragma once

#include <memory>
#include <optional>

#include "generator/janusflow/flow_engine_model.h"
#include "generator/janusflow/flow_vae.h"
#include "generator/model.h"

namespace janus {

class FlowModel : public Model, private ImageEmbedder, private LatentCoder {
 public:
  FlowModel(const Checkpoint& checkpoint, std::shared_ptr<Device> device, const ModelOptions& options);

  const ModelInfo& info() const override { return info_; }
  Device& device() const override { return *device_; }
  const TextTokenizer& tokenizer() const override { return engine_model_->tokenizer(); }
  const PreprocessConfig& preprocess_config() const override { return networks_.config.preprocess; }
  PassCost cost(Part part, int64_t tokens, int images) const override;
  const FlowEngineModel& engine_model() const override { return *engine_model_; }
  const ImageEmbedder* image_embedder() const override { return this; }
  const LatentCoder* latent_coder() const override { return this; }

 private:
  std::vector<float> prepare(const Image& image, EmbedStage stage) const override;
  std::vector<Array> embed(std::span<const std::vector<float>> prepared, EmbedStage stage) const override;
  std::optional<VaeSource> find_vae() const override { return vae_.find(); }
  Array encode(const Image& image) const override;
  Array decode(const Array& latent) const override;
  // planes: prepared for EmbedStage::latent -> [side * side, channels].
  std::vector<float> latent_of(const std::vector<float>& planes) const;

  std::shared_ptr<Device> device_;
  FlowNetworks networks_;
  FlowVae vae_;
  std::unique_ptr<TextTokenizer> tokenizer_;
  std::optional<FlowEngineModel> engine_model_;
  ModelInfo info_;
};

}  // namespace janus
