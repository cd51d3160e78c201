// mxfp4: 32 elements 2^(e - 128) * table[q], q 4 bits: twice the numbers of e2m1, whose scale e8m0 is halved.
#pragma once

#include <bit>
#include <cmath>

#include "core/quant/nibble_blocks.h"

namespace janus {

// A power of two: half of 2^(bits - 127).
struct PowerScale {
  uint8_t bits;
};
JANUS_ALWAYS_INLINE constexpr float value_of(PowerScale scale) {
  return std::bit_cast<float>(scale.bits < 2 ? 0x00200000U << scale.bits : (scale.bits - 1U) << 23);
}

struct BlockMxfp4 {
  static constexpr int kSize = 32;
  static constexpr int8_t kTable[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  PowerScale scale;
  uint8_t q[kSize / 2];
};
static_assert(sizeof(BlockMxfp4) == 17);
template <>
struct BlockOf<DType::mxfp4> {
  using Type = BlockMxfp4;
};

// As ggml does: the scale from the exponent of the largest alone, then the nearest element of the table, the
// first of two.
inline void quantize_block(const float* from, BlockMxfp4& block) {
  float size = 0.0F;
  for (int i = 0; i < BlockMxfp4::kSize; ++i) size = std::fmax(size, std::fabs(from[i]));
  // (In f32, so that a size just below a power of two counts as it.)
  const float exponent = std::floor(static_cast<float>(std::log2(static_cast<double>(size)))) - 2 + 127;
  block.scale.bits = static_cast<uint8_t>(exponent > 0.0F ? exponent : 0.0F);
  const float scale = value_of(block.scale);
  const auto nearest = [&](float x) {
    int best = 0;
    for (int q = 1; q < 16; ++q) {
      const auto error = [&](int i) {
        return std::fabs(scale * static_cast<float>(BlockMxfp4::kTable[i]) - x);
      };
      if (error(q) < error(best)) best = q;
    }
    return best;
  };
  for (int l = 0; l < 16; ++l) {
    block.q[l] = static_cast<uint8_t>(nearest(from[l]) | nearest(from[l + 16]) << 4);
  }
}

}  // namespace janus
