#include "generator/janus/costs.h"

#include <cassert>
#include <iterator>

#include "generator/conv_cost.h"
#include "generator/pass_costs.h"

namespace janus {
namespace {

// The VQ decoder, in the order in which it runs.
PassCost vq_decode_cost(const JanusNetworks& networks) {
  const VqConfig& config = networks.config.vq;
  ConvCost cost(networks.vq_model.dtype());
  int64_t side = networks.config.vision.grid();
  int64_t channels = config.level_channels.back();
  cost.conv(config.embed_dim, config.latent_channels, 1, side);
  cost.conv(config.latent_channels, channels, 3, side);
  cost.block(channels, channels, side);
  cost.attention(channels, side);
  cost.block(channels, channels, side);
  for (auto level = config.level_channels.rbegin(); level != config.level_channels.rend(); ++level) {
    for (int64_t index = 0; index <= config.num_res_blocks; ++index) {
      cost.block(channels, *level, side);
      channels = *level;
      if (level == config.level_channels.rbegin()) cost.attention(channels, side);
    }
    if (std::next(level) == config.level_channels.rend()) break;
    side *= 2;
    cost.enlarged_conv(channels, side);
  }
  cost.conv(channels, 3, 3, side);
  return cost.total();
}

}  // namespace

PassCost cost_of(const JanusNetworks& networks, Part part, int64_t tokens, int images) {
  switch (part) {
    case Part::vision:
      return vision_cost(networks.config.vision, networks.aligner);
    case Part::prefill:
      return prefill_cost(networks.language_model, networks.lm_head, tokens);
    case Part::text_decode:
      return step_cost(networks.language_model, networks.cache_dtype, {.layers = {networks.lm_head}}, 1,
                       tokens);
    case Part::image_decode:
      return step_cost(networks.language_model, networks.cache_dtype, networks.gen_head, 2 * images, tokens);
    case Part::vq_decode:
      return vq_decode_cost(networks);
    case Part::flow_step:
    case Part::uvit_encode:
    case Part::uvit_decode:
    case Part::vae_decode:
      break;
  }
  assert(false);  // it has no such part
  return {};
}

}  // namespace janus
