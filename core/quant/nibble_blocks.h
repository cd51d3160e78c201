// Formats of 32 elements scale * table[q], q 4 bits: element l stands in the low half of byte l, element l +
// 16 in the high one. The header of each has its struct with the scale, the bytes `q` and the table.
#pragma once

#include <cstdint>

#include "core/base/half.h"
#include "core/quant/block_of.h"

namespace janus {

// A scale as f16.
struct HalfScale {
  uint16_t bits;
};
JANUS_ALWAYS_INLINE float value_of(HalfScale scale) { return from_f16(scale.bits); }

template <typename Block>
concept NibbleBlock = requires {
  Block::kTable[15];
};

// Whether the table is a run of integers.
template <NibbleBlock Block>
constexpr bool has_linear_table() {
  for (int i = 0; i < 16; ++i) {
    if (Block::kTable[i] != Block::kTable[0] + i) return false;
  }
  return true;
}

template <NibbleBlock Block>
JANUS_ALWAYS_INLINE void dequantize_block(const Block& block, float* to) {
  const float scale = value_of(block.scale);
  for (int l = 0; l < 16; ++l) {
    to[l] = scale * static_cast<float>(Block::kTable[block.q[l] & 15]);
    to[l + 16] = scale * static_cast<float>(Block::kTable[block.q[l] >> 4]);
  }
}

}  // namespace janus
