#include "generator/janusflow/flow_drawing.h"

#include "core/nn/sampler.h"
#include "core/tensor/ops.h"
#include "generator/janusflow/latent_layout.h"

namespace janus {
namespace {

// The networks were trained on times from 0 to 1000.
constexpr float kTimeScale = 1000.0F;

}  // namespace

std::vector<float> FlowDrawing::noise(uint32_t seed) const {
  const int64_t channels = networks_.config.uvit.latent_channels, side = networks_.config.latent_side();
  return latent_channels_last(latent_noise(seed, channels * side * side), channels);
}

Array FlowDrawing::stored(std::span<const float> latent) const {
  const int64_t channels = networks_.config.uvit.latent_channels, side = networks_.config.latent_side();
  return {.shape = {channels, side, side}, .values = latent_planes(latent, channels)};
}

FlowTime FlowDrawing::at(float time) const {
  FlowTime made{.time = time, .token = networks_.encoder.time_embed(time * kTimeScale), .modulation = {}};
  const Tensor activated = silu(made.token);
  made.modulation = modulations(networks_.encoder.blocks, activated);
  const std::vector<Tensor> decoder = modulations(networks_.decoder.blocks, activated);
  made.modulation.insert(made.modulation.end(), decoder.begin(), decoder.end());
  return made;
}

FlowInput FlowDrawing::read(std::span<const float> latent, const FlowTime& time) const {
  const int64_t side = networks_.config.latent_side();
  const Tensor x =
      ops::from_host(networks_.device(), latent, {1, side, side, networks_.config.uvit.latent_channels});
  const std::span<const Tensor> modulation(time.modulation);
  Tensor skip = networks_.encoder(x, modulation.first(networks_.encoder.blocks.size()));
  const Tensor places = networks_.latent_embeddings(skip);  // [1, N, D]
  const Tensor parts[] = {time.token, places.reshape({places.size(1), places.size(2)})};
  return {.tokens = ops::concatenate(parts), .skip = std::move(skip)};
}

std::vector<float> FlowDrawing::velocity(const Tensor& hidden, const FlowInput& input,
                                         const FlowTime& time) const {
  const int64_t rows = hidden.size(0), tokens = hidden.size(1), width = hidden.size(2);
  // What stands at the time is not used.
  const Tensor all = hidden.reshape({rows * tokens, width});
  std::vector<Tensor> places;
  for (int64_t row = 0; row < rows; ++row) places.push_back(all.rows(row * tokens + 1, tokens - 1));
  const Tensor used = rows == 1 ? places[0] : ops::concatenate(places);
  return networks_.velocity(used.reshape({rows, tokens - 1, width}), input.skip,
                            std::span(time.modulation).subspan(networks_.encoder.blocks.size()));
}

Image FlowDrawing::make_image(std::span<const float> latent, const LayerHook& on_layer) const {
  const auto size = static_cast<int>(networks_.config.vision.image_size);
  return to_image(vae_.decode(latent, on_layer), size, size, ByteRounding::nearest);
}

}  // namespace janus
