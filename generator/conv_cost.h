// The bytes and operations of networks of convolutions, which measured times are compared with.
#pragma once

#include <cstdint>

#include "generator/model.h"

namespace janus {

// Sums up layers on square images. Those of 3 x 3 count as they are made: in tiles of 4 x 4 pixels
// (core/cpu/simd/winograd.h).
class ConvCost {
 public:
  // The type of the weights.
  explicit ConvCost(DType weights);

  void conv(int64_t in, int64_t out, int64_t kernel, int64_t side);
  // One of 3 x 3 on an image that has been enlarged to `side`.
  void enlarged_conv(int64_t channels, int64_t side);
  // A residual block: two convolutions of 3 x 3, and a shortcut where the channels change.
  void block(int64_t in, int64_t out, int64_t side);
  // One head over all places, with its four projections.
  void attention(int64_t channels, int64_t side);

  PassCost total() const { return total_; }

 private:
  void add(int64_t pairs, int64_t kernel, int64_t side, double products);

  double size_;  // bytes a weight
  PassCost total_;
};

}  // namespace janus
