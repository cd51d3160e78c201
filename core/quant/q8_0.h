// q8_0: 32 elements d * q.
#pragma once

#include <cstdint>

#include "core/base/half.h"
#include "core/quant/block_of.h"

namespace janus {

struct BlockQ8_0 {
  static constexpr int kSize = 32;
  uint16_t d;
  int8_t q[kSize];
};
static_assert(sizeof(BlockQ8_0) == 34);
template <>
struct BlockOf<DType::q8_0> {
  using Type = BlockQ8_0;
};

JANUS_ALWAYS_INLINE void dequantize_block(const BlockQ8_0& block, float* to) {
  const float d = from_f16(block.d);
  for (int i = 0; i < BlockQ8_0::kSize; ++i) to[i] = static_cast<float>(block.q[i]) * d;
}

// To the nearest multiple of a 127th of the largest, as ggml does.
JANUS_ALWAYS_INLINE void quantize_block(const float* from, BlockQ8_0& block) {
  float largest = 0.0F;
  for (int i = 0; i < BlockQ8_0::kSize; ++i) {
    const float size = __builtin_fabsf(from[i]);
    largest = largest < size ? size : largest;
  }
  const float d = largest / 127;
  const float inverse = d == 0.0F ? 0.0F : 1.0F / d;
  block.d = to_f16(d);
  for (int i = 0; i < BlockQ8_0::kSize; ++i) {
    // Halves away from zero, as std::round, which no compiler makes vectors of. (Beyond 127 only where the
    // block is so small that `inverse` is infinite.)
    const float size = __builtin_fabsf(from[i] * inverse);
    const float bounded = 127.0F < size ? 127.0F : size;
    const int whole = static_cast<int>(bounded);
    const int rounded = whole + static_cast<int>(2 * (bounded - static_cast<float>(whole)));
    block.q[i] = static_cast<int8_t>(from[i] < 0.0F ? -rounded : rounded);
  }
}

}  // namespace janus
