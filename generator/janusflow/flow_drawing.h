// How JanusFlow draws: between the steps of the engine's flow, the shallow networks around the decoder;
// behind the last one, the autoencoder. Source: deepseek-ai/Janus, demo/app_janusflow.py (generate).
#pragma once

#include "generator/engine/latent_flow.h"
#include "generator/janusflow/flow_networks.h"
#include "generator/janusflow/flow_vae.h"

namespace janus {

// Its latents are channels-last: [side, side, latent_channels].
class FlowDrawing : public LatentFlow {
 public:
  // Both must outlive it.
  FlowDrawing(const FlowNetworks& networks, const FlowVae& vae) : networks_(networks), vae_(vae) {}

  void check_draws() const override { vae_.need(); }
  int64_t tokens() const override { return 1 + networks_.config.grid() * networks_.config.grid(); }
  // latent_noise() of a latent [latent_channels, side, side], as the autoencoder's files and torch have it.
  std::vector<float> noise(uint32_t seed) const override;
  FlowTime at(float time) const override;
  FlowInput read(std::span<const float> latent, const FlowTime& time) const override;
  std::vector<float> velocity(const Tensor& hidden, const FlowInput& input,
                              const FlowTime& time) const override;
  Array stored(std::span<const float> latent) const override;
  Image make_image(std::span<const float> latent, const LayerHook& on_layer) const override;

 private:
  const FlowNetworks& networks_;
  const FlowVae& vae_;
};

}  // namespace janus
