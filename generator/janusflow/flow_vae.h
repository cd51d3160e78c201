// The autoencoder of a JanusFlow model: found and loaded when the first image is made or read, for answers
// need none.
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

  // Loads it where that has not been done. Throws Error where it is not found, with the places and what to
  // do, or does not fit the model; the next call looks anew. May be called from any thread.
  const Vae& need() const;
  // Where need() has found it.
  const VaeSource& source() const { return *source_; }
  // As far as its headers, held against the model and the types of the options (Checkpoint::read). Nothing
  // where none is found. Its notes are the model's.
  std::optional<VaeSource> find() const;

  // latent: [side, side, latent_channels] as drawing leaves it -> pixels [image_size, image_size, 3] of
  // nominal range -1..1, not clamped. on_block: as Vae::decode. Throws NotFinite, naming the part, where
  // they are no numbers.
  std::vector<float> decode(std::span<const float> latent, const LayerHook& on_block = {}) const;
  // pixels: [1, image_size, image_size, 3] of -1..1 -> [side, side, latent_channels].
  std::vector<float> encode(const Tensor& pixels) const;

 private:
  Vae load(const VaeSource& source, bool plan) const;
  void pass_notes(const VaeSource& source) const;
  [[noreturn]] void fail_with_numbers(const char* part) const;

  Checkpoint model_;
  int64_t latent_channels_, latent_side_, image_size_;
  Device& device_;
  VaePlaces places_;
  WeightType type_;

  mutable std::mutex mutex_;
  mutable std::optional<Vae> vae_;
  mutable std::optional<VaeSource> source_;  // of vae_
};

// Throws Error where the model of a checkpoint could not draw: it finds no autoencoder, or one that is not
// its own. Reads headers alone.
void check_flow_draws(const Checkpoint& checkpoint, const ModelOptions& options);

}  // namespace janus
