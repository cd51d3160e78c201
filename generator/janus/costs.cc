#include "generator/janus/costs.h"

#include <cassert>

namespace janus {
namespace {

// Multiply-adds of attention: scores and weighted sum of `queries` over `keys` positions.
double attention_operations(double queries, double keys, double width) { return 4 * queries * keys * width; }

double bytes_a_weight(DType dtype) {
  const Format& format = format_of(dtype);
  return static_cast<double>(format.block_bytes) / format.block;
}

double bytes_of(const Linear& linear) {
  return static_cast<double>(linear.weight.bytes()) + (linear.bias.empty() ? 0.0 : linear.bias.bytes());
}

double bytes_of(const Mlp& mlp) {
  double bytes = 0;
  for (const Linear& linear : mlp.layers) bytes += bytes_of(linear);
  return bytes;
}

double weights_of(const Mlp& mlp) {
  double weights = 0;
  for (const Linear& linear : mlp.layers) weights += static_cast<double>(linear.weight.elements());
  return weights;
}

double layer_weights(const TransformerConfig& c) {
  const double heads = static_cast<double>(2 * c.num_attention_heads + 2 * c.num_key_value_heads);
  return static_cast<double>(c.num_hidden_layers) * static_cast<double>(c.hidden_size) *
         (heads * static_cast<double>(c.head_dim) + 3 * static_cast<double>(c.intermediate_size));
}

// `rows` new tokens, one a sequence, each behind `context` others.
PassCost step_cost(const JanusNetworks& networks, const Mlp& head, int64_t rows, int64_t context) {
  const TransformerConfig& config = networks.config.language;
  const auto count = static_cast<double>(rows);
  const double cache = static_cast<double>(KvCache::bytes(config, rows * context, networks.cache_dtype));
  const double width = static_cast<double>(config.num_attention_heads * config.head_dim);
  return {.bytes = static_cast<double>(networks.language_model.layer_bytes()) + bytes_of(head) + cache,
          .operations = 2 * count * (layer_weights(config) + weights_of(head)) +
                        static_cast<double>(config.num_hidden_layers) *
                            attention_operations(count, static_cast<double>(context), width),
          .weights = networks.language_model.layer_dtype()};
}

PassCost prefill_cost(const JanusNetworks& networks, int64_t tokens) {
  const TransformerConfig& config = networks.config.language;
  const auto count = static_cast<double>(tokens);
  const double width = static_cast<double>(config.num_attention_heads * config.head_dim);
  // A token attends to those before it: half of all pairs.
  const double attention =
      static_cast<double>(config.num_hidden_layers) * attention_operations(count, count, width) / 2;
  return {.bytes = static_cast<double>(networks.language_model.layer_bytes()) + bytes_of(networks.lm_head),
          .operations = 2 * count * layer_weights(config) + attention +
                        2 * static_cast<double>(networks.lm_head.weight.elements()),
          .weights = networks.language_model.layer_dtype()};
}

PassCost vision_cost(const JanusNetworks& networks) {
  const SiglipConfig& config = networks.config.vision;
  const auto patches = static_cast<double>(config.patches());
  const auto width = static_cast<double>(config.width);
  const auto depth = static_cast<double>(config.depth);
  const double patch = 3 * static_cast<double>(config.patch_size * config.patch_size) * width;
  const double blocks = depth * (4 * width * width + 2 * width * static_cast<double>(config.mlp_width));
  const DType dtype = networks.aligner.layers[0].weight.dtype();
  const double size = bytes_a_weight(dtype);
  return {.bytes = size * (patch + blocks) + bytes_of(networks.aligner),
          .operations = 2 * patches * (patch + blocks + weights_of(networks.aligner)) +
                        depth * attention_operations(patches, patches, width),
          .weights = dtype};
}

// The convolutions of the VQ decoder, in the order they run.
class DecoderCost {
 public:
  explicit DecoderCost(const JanusNetworks& networks) : size_(bytes_a_weight(networks.vq_model.dtype())) {
    const VqConfig& config = networks.config.vq;
    int64_t side = networks.config.vision.grid();
    int64_t channels = config.level_channels.back();
    conv(config.embed_dim, config.latent_channels, 1, side);
    conv(config.latent_channels, channels, 3, side);
    block(channels, channels, side);
    attention(channels, side);
    block(channels, channels, side);
    for (auto level = config.level_channels.rbegin(); level != config.level_channels.rend(); ++level) {
      for (int64_t index = 0; index <= config.num_res_blocks; ++index) {
        block(channels, *level, side);
        channels = *level;
        if (level == config.level_channels.rbegin()) attention(channels, side);
      }
      if (std::next(level) == config.level_channels.rend()) break;
      side *= 2;
      conv(channels, channels, 3, side, kEnlargedProducts);
    }
    conv(channels, 3, 3, side);
  }

  PassCost total() const { return total_; }

 private:
  // A convolution of 3 x 3 is made in tiles of 4 x 4 pixels (core/cpu/simd/winograd.h), each of so many
  // products a channel and filter; a plain one makes 144.
  static constexpr double kProducts = 36, kEnlargedProducts = 25, kTilePixels = 16;

  void conv(int64_t in, int64_t out, int64_t kernel, int64_t side, double products = kProducts) {
    const auto pairs = static_cast<double>(in * out);
    total_.bytes += pairs * static_cast<double>(kernel * kernel) * size_;
    total_.operations +=
        2 * pairs * static_cast<double>(side * side) * (kernel == 3 ? products / kTilePixels : 1.0);
  }
  void block(int64_t in, int64_t out, int64_t side) {
    conv(in, out, 3, side);
    conv(out, out, 3, side);
    if (in != out) conv(in, out, 1, side);
  }
  void attention(int64_t channels, int64_t side) {
    for (int projection = 0; projection < 4; ++projection) conv(channels, channels, 1, side);
    const auto positions = static_cast<double>(side * side);
    total_.operations += attention_operations(positions, positions, static_cast<double>(channels));
  }

  double size_;  // bytes a weight
  PassCost total_;
};

}  // namespace

PassCost cost_of(const JanusNetworks& networks, Part part, int64_t tokens, int images) {
  switch (part) {
    case Part::vision:
      return vision_cost(networks);
    case Part::prefill:
      return prefill_cost(networks, tokens);
    case Part::text_decode:
      return step_cost(networks, {.layers = {networks.lm_head}}, 1, tokens);
    case Part::image_decode:
      return step_cost(networks, networks.gen_head, 2 * images, tokens);
    case Part::vq_decode:
      return DecoderCost(networks).total();
  }
  assert(false);
  return {};
}

}  // namespace janus
