// The blocks as they lie in memory, little-endian and without gaps; core/quant/quants.h says what they mean.
#pragma once

#include <cstdint>

#include "core/base/half.h"

namespace janus {

inline constexpr int kSuperBlock = 256;

struct BlockQ8_0 {
  static constexpr int kSize = 32;
  uint16_t d;
  int8_t q[kSize];
};
static_assert(sizeof(BlockQ8_0) == 34);

// Numbers l and l + 32 of each 64 share a byte: low and high half. scales: see unpack_scales.
struct BlockQ4_K {
  static constexpr int kSize = kSuperBlock;
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t q[kSize / 2];
};
static_assert(sizeof(BlockQ4_K) == 144);

// As q4_k; the fifth bit of number l of part j (of 32 numbers) is bit j of high[l].
struct BlockQ5_K {
  static constexpr int kSize = kSuperBlock;
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t high[kSize / 8];
  uint8_t q[kSize / 2];
};
static_assert(sizeof(BlockQ5_K) == 176);

// Of each 128 numbers, l, l + 64 share byte l of 64 low halves (l < 64), and l, l + 32, l + 64, l + 96 the
// byte l of 32 that hold two high bits each.
struct BlockQ6_K {
  static constexpr int kSize = kSuperBlock;
  uint8_t low[kSize / 2];
  uint8_t high[kSize / 4];
  int8_t scales[kSize / 16];
  uint16_t d;
};
static_assert(sizeof(BlockQ6_K) == 210);

// Eight scales and eight mins of 6 bits in 12 bytes: the first four of each in the low bits of bytes 0..3
// and 4..7; of the others the low four bits in bytes 8..11 (scales low, mins high), the two high bits on top
// of bytes 0..7.
JANUS_ALWAYS_INLINE void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
  for (int j = 0; j < 4; ++j) {
    scales[j] = packed[j] & 63;
    mins[j] = packed[j + 4] & 63;
    scales[j + 4] = static_cast<uint8_t>((packed[j + 8] & 15) | (packed[j] >> 6 << 4));
    mins[j + 4] = static_cast<uint8_t>((packed[j + 8] >> 4) | (packed[j + 4] >> 6 << 4));
  }
}

JANUS_ALWAYS_INLINE void pack_scales(const uint8_t* scales, const uint8_t* mins, uint8_t* packed) {
  for (int j = 0; j < 4; ++j) {
    packed[j] = static_cast<uint8_t>(scales[j] | (scales[j + 4] >> 4 << 6));
    packed[j + 4] = static_cast<uint8_t>(mins[j] | (mins[j + 4] >> 4 << 6));
    packed[j + 8] = static_cast<uint8_t>((scales[j + 4] & 15) | (mins[j + 4] & 15) << 4);
  }
}

// -- what the numbers are: loops that compilers turn into vectors ------------------------------------------

JANUS_ALWAYS_INLINE void dequantize_block(const BlockQ8_0& block, float* to) {
  const float d = from_f16(block.d);
  for (int i = 0; i < BlockQ8_0::kSize; ++i) to[i] = static_cast<float>(block.q[i]) * d;
}

JANUS_ALWAYS_INLINE void dequantize_block(const BlockQ4_K& block, float* to) {
  uint8_t scales[8], mins[8];
  unpack_scales(block.scales, scales, mins);
  const float d = from_f16(block.d), dmin = from_f16(block.dmin);
  for (int j = 0; j < 8; ++j) {
    const float scale = d * static_cast<float>(scales[j]), min = dmin * static_cast<float>(mins[j]);
    const uint8_t* q = block.q + j / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      to[32 * j + l] = scale * static_cast<float>(q[l] >> j % 2 * 4 & 15) - min;
    }
  }
}

JANUS_ALWAYS_INLINE void dequantize_block(const BlockQ5_K& block, float* to) {
  uint8_t scales[8], mins[8];
  unpack_scales(block.scales, scales, mins);
  const float d = from_f16(block.d), dmin = from_f16(block.dmin);
  for (int j = 0; j < 8; ++j) {
    const float scale = d * static_cast<float>(scales[j]), min = dmin * static_cast<float>(mins[j]);
    const uint8_t* q = block.q + j / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      const int number = (q[l] >> j % 2 * 4 & 15) | (block.high[l] >> j & 1) << 4;
      to[32 * j + l] = scale * static_cast<float>(number) - min;
    }
  }
}

JANUS_ALWAYS_INLINE void dequantize_block(const BlockQ6_K& block, float* to) {
  const float d = from_f16(block.d);
  for (int part = 0; part < 16; ++part) {
    const int half = part / 8, quarter = part / 2 % 4, first = part % 2 * 16;
    const uint8_t* low = block.low + 64 * half + 32 * (quarter % 2) + first;
    const uint8_t* high = block.high + 32 * half + first;
    const float scale = d * static_cast<float>(block.scales[part]);
    for (int l = 0; l < 16; ++l) {
      const int number = (low[l] >> quarter / 2 * 4 & 15) | (high[l] >> quarter * 2 & 3) << 4;
      to[16 * part + l] = scale * static_cast<float>(number - 32);
    }
  }
}

}  // namespace janus
