#include "generator/janusflow/flow_vae.h"

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/checkpoint/finite_tensors.h"
#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"

namespace janus {

FlowVae::FlowVae(const Checkpoint& model, const FlowConfig& config, Device& device,
                 const ModelOptions& options)
    : model_(model),
      latent_channels_(config.uvit.latent_channels),
      latent_side_(config.latent_side()),
      image_size_(config.vision.image_size),
      device_(device),
      places_(options.vae),
      type_(options.type.vae) {}

Vae FlowVae::load(const VaeSource& source, bool plan) const try {
  Vae vae = Vae::load(source.checkpoint, device_, type_, {.plan = plan});
  const VaeConfig& config = vae.config();
  check(config.latent_channels == latent_channels_,
        "latent_channels: expected {}, as {}.in_conv.weight of the model has it, found {}; use {}",
        latent_channels_, FlowNames::kEncoder, config.latent_channels, kVaeRepository);
  check(config.factor() * latent_side_ == image_size_,
        "block_out_channels: expected levels that make a picture {} wide of a latent {} wide, as the model "
        "has it, found {}, which make it {}; use the autoencoder that the model was trained with",
        image_size_, latent_side_, config.level_channels.size(), config.factor() * latent_side_);
  return vae;
} catch (const Error& error) {
  fail("autoencoder, {}: {}", source.path, error.what());
}

void FlowVae::pass_notes(const VaeSource& source) const {
  for (const std::string& note : source.checkpoint.take_notes()) model_.note(note);
}

const Vae& FlowVae::need() const {
  const std::lock_guard lock(mutex_);
  if (!vae_) {
    VaeSource source = need_vae(model_, places_);
    vae_.emplace(load(source, /*plan=*/false));
    pass_notes(source);
    source_.emplace(std::move(source));
  }
  return *vae_;
}

std::optional<VaeSource> FlowVae::find() const {
  std::optional<VaeSource> source = find_vae(model_, places_);
  if (!source) return source;
  source->scaling_factor = load(*source, /*plan=*/true).config().scaling_factor;
  pass_notes(*source);
  return source;
}

void FlowVae::fail_with_numbers(const char* part) const {
  try {
    check_finite_tensors(source_->checkpoint);
  } catch (const Error& error) {
    throw NotFinite(fmt::format("autoencoder, {}: {}", source_->path, error.what()));
  }
  fail_not_finite(part);
}

std::vector<float> FlowVae::decode(std::span<const float> latent, const LayerHook& on_block) const {
  const Vae& vae = need();
  std::vector<float> pixels = ops::to_host(vae.decode(latent, latent_side_, latent_side_, on_block));
  if (!all_finite(pixels)) fail_with_numbers("decoder of images");
  return pixels;
}

std::vector<float> FlowVae::encode(const Tensor& pixels) const {
  std::vector<float> latent = need().encode(pixels);
  if (!all_finite(latent)) fail_with_numbers("encoder of images");
  return latent;
}

void check_flow_draws(const Checkpoint& checkpoint, const ModelOptions& options) {
  const std::unique_ptr<DryDevice> device = open_dry_device("cpu");
  const Weights root(checkpoint, *device, WeightType::native);
  const FlowVae vae(checkpoint, read_flow_config(checkpoint, root), *device, options);
  if (!vae.find()) need_vae(checkpoint, options.vae);
}

}  // namespace janus
