// The autoencoder of a JanusFlow model: found and loaded when the first image is made, for answers need none.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "generator/janusflow/flow_config.h"
#include "generator/model.h"
#include "tokenizer/image/vae.h"

namespace janus {

class FlowVae {
 public:
  // `device` must outlive it.
  FlowVae(const Checkpoint& model, const FlowConfig& config, Device& device, const ModelOptions& options);

  // Loads it where that has not been done. Throws Error where it is not found, or does not fit the model.
  // May be called from any thread.
  const Vae& need() const;
  // latent: [side, side, latent_channels] as drawing leaves it -> pixels [image_size, image_size, 3] of
  // nominal range -1..1, not clamped. Throws NotFinite where they are no numbers.
  std::vector<float> decode(std::span<const float> latent, const LayerHook& on_block = {}) const;

 private:
  Checkpoint model_;
  int64_t latent_channels_, latent_side_, image_size_;
  Device& device_;
  WeightType type_;

  mutable std::mutex mutex_;
  mutable std::optional<Vae> vae_;
};

}  // namespace janus
