#include "generator/conv_cost.h"

#include "generator/pass_costs.h"

namespace janus {
namespace {

// Of each tile of 4 x 4 pixels so many products a channel and filter; a plain convolution makes 144.
constexpr double kProducts = 36, kEnlargedProducts = 25, kTilePixels = 16;

}  // namespace

ConvCost::ConvCost(DType weights) : size_(bytes_a_weight(weights)) {}

void ConvCost::add(int64_t pairs, int64_t kernel, int64_t side, double products) {
  const auto filters = static_cast<double>(pairs);
  total_.bytes += filters * static_cast<double>(kernel * kernel) * size_;
  total_.operations += 2 * filters * static_cast<double>(side * side) * products;
}

void ConvCost::conv(int64_t in, int64_t out, int64_t kernel, int64_t side) {
  add(in * out, kernel, side, kernel == 3 ? kProducts / kTilePixels : static_cast<double>(kernel * kernel));
}

void ConvCost::enlarged_conv(int64_t channels, int64_t side) {
  add(channels * channels, 3, side, kEnlargedProducts / kTilePixels);
}

void ConvCost::block(int64_t in, int64_t out, int64_t side) {
  conv(in, out, 3, side);
  conv(out, out, 3, side);
  if (in != out) conv(in, out, 1, side);
}

void ConvCost::attention(int64_t channels, int64_t side) {
  for (int projection = 0; projection < 4; ++projection) conv(channels, channels, 1, side);
  const auto places = static_cast<double>(side * side);
  total_.operations += attention_operations(places, places, static_cast<double>(channels));
}

}  // namespace janus
