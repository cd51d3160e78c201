#include "generator/janusflow/flow_costs.h"

#include <span>

#include "core/base/error.h"
#include "generator/conv_cost.h"
#include "generator/pass_costs.h"

namespace janus {
namespace {

constexpr int64_t kRows = 2;  // with the prompt, and without

// Sums up linear layers over places.
class UvitCost {
 public:
  explicit UvitCost(int64_t places) : places_(static_cast<double>(places)) {}

  void linear(const Linear& layer) { add(layer, places_); }
  // Of the time alone, whatever the places.
  void once(const Linear& layer) { add(layer, 1); }
  // A convolution that gives each place one output a channel.
  void conv(const Tensor& weight) {
    total_.bytes += static_cast<double>(weight.bytes());
    total_.operations += 2 * places_ * static_cast<double>(weight.elements());
  }
  void blocks(std::span<const ConvNextBlock> blocks) {
    for (const ConvNextBlock& block : blocks) {
      conv(block.depthwise_weight);
      linear(block.channelwise_linear_1);
      linear(block.channelwise_linear_2);
    }
  }
  PassCost total(DType weights) const {
    return {.bytes = total_.bytes, .operations = total_.operations, .weights = weights};
  }

 private:
  void add(const Linear& layer, double times) {
    total_.bytes += bytes_of(layer);
    total_.operations += 2 * times * static_cast<double>(layer.weight.elements());
  }

  double places_;
  PassCost total_;
};

PassCost encode_cost(const FlowNetworks& networks) {
  const int64_t grid = networks.config.grid();
  UvitCost cost(grid * grid);
  cost.conv(networks.encoder.in_conv.weight);
  cost.blocks(networks.encoder.blocks);
  cost.linear(networks.vision_gen_enc_aligner);
  return cost.total(networks.vision_gen_enc_aligner.weight.dtype());
}

PassCost decode_cost(const FlowNetworks& networks) {
  const int64_t grid = networks.config.grid();
  UvitCost cost(kRows * grid * grid);
  cost.linear(networks.vision_gen_dec_aligner);
  cost.blocks(networks.decoder.blocks);
  cost.linear(networks.decoder.unpatch_conv);
  return cost.total(networks.vision_gen_dec_aligner.weight.dtype());
}

// The embedding of a time, and what it makes of each block.
PassCost time_cost(const FlowNetworks& networks) {
  UvitCost cost(1);
  cost.once(networks.encoder.time_embed.linear_1);
  cost.once(networks.encoder.time_embed.linear_2);
  for (const ConvNextBlock& block : networks.encoder.blocks) cost.once(block.cond_embeds_mapper);
  for (const ConvNextBlock& block : networks.decoder.blocks) cost.once(block.cond_embeds_mapper);
  return cost.total(networks.vision_gen_enc_aligner.weight.dtype());
}

// The row without a prompt has the first token alone before its latent.
PassCost flow_step_cost(const FlowNetworks& networks, int64_t prompt) {
  const int64_t tokens = 1 + networks.config.grid() * networks.config.grid();
  PassCost cost = pass_cost(networks.language_model, tokens, prompt);
  cost.operations += pass_cost(networks.language_model, tokens, 1).operations;
  for (const PassCost& part : {encode_cost(networks), decode_cost(networks), time_cost(networks)}) {
    cost.bytes += part.bytes;
    cost.operations += part.operations;
  }
  return cost;
}

}  // namespace

PassCost flow_cost(const FlowNetworks& networks, Part part, int64_t tokens) {
  switch (part) {
    case Part::vision:
      return vision_cost(networks.config.vision, {.layers = {networks.vision_und_enc_aligner}});
    case Part::prefill:
      return prefill_cost(networks.language_model, networks.lm_head, tokens);
    case Part::text_decode:
      return step_cost(networks.language_model, networks.cache_dtype, {.layers = {networks.lm_head}}, 1,
                       tokens);
    case Part::flow_step:
      return flow_step_cost(networks, tokens);
    case Part::uvit_encode:
      return encode_cost(networks);
    case Part::uvit_decode:
      return decode_cost(networks);
    default:
      fail(
          "part: expected one that JanusFlow has, found one of images of codes; ask for flow_step and so on");
  }
}

PassCost vae_decode_cost(const Vae& vae, int64_t latent_side) {
  const VaeConfig& config = vae.config();
  ConvCost cost(vae.dtype());
  int64_t side = latent_side, channels = config.level_channels.back();
  cost.conv(config.latent_channels, config.latent_channels, 1, side);
  cost.conv(config.latent_channels, channels, 3, side);
  cost.block(channels, channels, side);
  cost.attention(channels, side);
  cost.block(channels, channels, side);
  for (auto level = config.level_channels.rbegin(); level != config.level_channels.rend(); ++level) {
    if (level != config.level_channels.rbegin()) {
      side *= 2;
      cost.enlarged_conv(channels, side);
    }
    for (int64_t index = 0; index <= config.layers_per_block; ++index) {
      cost.block(channels, *level, side);
      channels = *level;
    }
  }
  cost.conv(channels, 3, 3, side);
  return cost.total();
}

}  // namespace janus
