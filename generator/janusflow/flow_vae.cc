#include "generator/janusflow/flow_vae.h"

#include <filesystem>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {

FlowVae::FlowVae(const Checkpoint& model, const FlowConfig& config, Device& device,
                 const ModelOptions& options)
    : model_(model),
      latent_channels_(config.uvit.latent_channels),
      latent_side_(config.latent_side()),
      image_size_(config.vision.image_size),
      device_(device),
      type_(options.type.vq) {}

const Vae& FlowVae::need() const {
  const std::lock_guard lock(mutex_);
  if (vae_) return *vae_;
  const std::string folder = model_.files().path("vae");
  check(
      model_.files().is_folder() && std::filesystem::is_directory(folder),
      "autoencoder, {}: expected a folder, found none: JanusFlow draws with the autoencoder of SDXL; put its "
      "config.json and weights there",
      folder);
  const Checkpoint checkpoint = Checkpoint::open(folder);
  vae_.emplace(Vae::load(checkpoint, device_, type_));
  for (const std::string& note : checkpoint.take_notes()) model_.note(note);
  return *vae_;
}

std::vector<float> FlowVae::decode(std::span<const float> latent, const LayerHook& on_block) const {
  std::vector<float> pixels = ops::to_host(need().decode(latent, latent_side_, latent_side_, on_block));
  check_finite(pixels, "decoder of images");
  return pixels;
}

}  // namespace janus
