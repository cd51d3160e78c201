// q4_0: 32 elements d * (q - 8), q 4 bits.
#pragma once

#include "core/quant/nibble_blocks.h"

namespace janus {

struct BlockQ4_0 {
  static constexpr int kSize = 32;
  static constexpr int8_t kTable[16] = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
  HalfScale scale;
  uint8_t q[kSize / 2];
};
static_assert(sizeof(BlockQ4_0) == 18);
template <>
struct BlockOf<DType::q4_0> {
  using Type = BlockQ4_0;
};

// The element of the largest size becomes -8 d, as ggml does, and the others round to the nearest multiple.
JANUS_ALWAYS_INLINE void quantize_block(const float* from, BlockQ4_0& block) {
  float top = 0.0F, size = 0.0F;
  for (int i = 0; i < BlockQ4_0::kSize; ++i) {
    const float other = from[i] < 0.0F ? -from[i] : from[i];
    if (other > size) {
      size = other;
      top = from[i];
    }
  }
  const float d = top / -8, inverse = d == 0.0F ? 0.0F : 1.0F / d;
  block.scale.bits = to_f16(d);
  const auto rounded = [&](float x) {
    // (Not below 15 where the block is so small that `inverse` is infinite, too: its scale is 0.)
    const float q = x * inverse + 8.5F;
    return q < 15.0F ? static_cast<int>(q) : 15;
  };
  for (int l = 0; l < 16; ++l) {
    block.q[l] = static_cast<uint8_t>(rounded(from[l]) | rounded(from[l + 16]) << 4);
  }
}

}  // namespace janus
