#include "generator/janus/costs.h"

#include <cassert>

#include "generator/pass_costs.h"

namespace janus {
namespace {

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
      return vision_cost(networks.config.vision, networks.aligner);
    case Part::prefill:
      return prefill_cost(networks.language_model, networks.lm_head, tokens);
    case Part::text_decode:
      return step_cost(networks.language_model, networks.cache_dtype, {.layers = {networks.lm_head}}, 1,
                       tokens);
    case Part::image_decode:
      return step_cost(networks.language_model, networks.cache_dtype, networks.gen_head, 2 * images, tokens);
    case Part::vq_decode:
      return DecoderCost(networks).total();
  }
  assert(false);
  return {};
}

}  // namespace janus
