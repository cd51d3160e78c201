// Blocks of four bits (core/quant/nibble_blocks.h) on a GPU: where their bytes stand, and what their elements
// are, as floats and as exact pairs of bf16.
#pragma once

#include <bit>

#include "core/cuda/ptx.h"
#include "core/quant/blocks.h"

namespace janus::cuda {

template <DType kType>
constexpr bool kIsNibbles = requires {
  requires NibbleBlock<Block<kType>>;
};

// Bytes of a block's scale, which its q stand behind.
template <DType kType>
constexpr int kScaleBytes = static_cast<int>(sizeof(Block<kType>::scale));

// Four bytes of the low or the high halves of the table's elements as bf16, from element 4 * index on.
template <DType kType, bool kHighHalf>
constexpr uint32_t table_bytes(int index) {
  uint32_t word = 0;
  for (int i = 0; i < 4; ++i) {
    const auto element = static_cast<float>(Block<kType>::kTable[4 * index + i]);
    const uint32_t bits = std::bit_cast<uint32_t>(element) >> 16;  // exact: they have 8 bits
    word |= (kHighHalf ? bits >> 8 : bits & 255U) << 8 * i;
  }
  return word;
}

// The table's element at a place.
template <DType kType>
__device__ __forceinline__ float table_element(uint32_t place) {
  if constexpr (has_linear_table<Block<kType>>()) {
    return static_cast<float>(static_cast<int>(place) + Block<kType>::kTable[0]);
  } else {
    const auto byte = [place](uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
      return byte_perm(byte_perm(a, b, place & 7U), byte_perm(c, d, place & 7U), place < 8 ? 0 : 4) & 255U;
    };
    constexpr uint32_t kLow[4] = {table_bytes<kType, false>(0), table_bytes<kType, false>(1),
                                  table_bytes<kType, false>(2), table_bytes<kType, false>(3)};
    constexpr uint32_t kHigh[4] = {table_bytes<kType, true>(0), table_bytes<kType, true>(1),
                                   table_bytes<kType, true>(2), table_bytes<kType, true>(3)};
    return from_bf16(static_cast<uint16_t>(byte(kLow[0], kLow[1], kLow[2], kLow[3]) |
                                           byte(kHigh[0], kHigh[1], kHigh[2], kHigh[3]) << 8));
  }
}

// A word of four places in each half -> the elements at places i of both halves, as a pair of bf16.
template <DType kType>
__device__ __forceinline__ void table_pairs(uint32_t word, uint32_t (&pairs)[4]) {
  uint32_t low[2], high[2];  // bytes of the elements of each half of the word
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const uint32_t places = word >> (16 * half), within = places & 0x7777U;
    const uint32_t which = 0x3210U | (places & 0x8888U) >> 1;  // of the table's first or second half
    const auto bytes = [=](uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
      return byte_perm(byte_perm(a, b, within), byte_perm(c, d, within), which);
    };
    constexpr uint32_t kLow[4] = {table_bytes<kType, false>(0), table_bytes<kType, false>(1),
                                  table_bytes<kType, false>(2), table_bytes<kType, false>(3)};
    constexpr uint32_t kHigh[4] = {table_bytes<kType, true>(0), table_bytes<kType, true>(1),
                                   table_bytes<kType, true>(2), table_bytes<kType, true>(3)};
    low[half] = bytes(kLow[0], kLow[1], kLow[2], kLow[3]);
    high[half] = bytes(kHigh[0], kHigh[1], kHigh[2], kHigh[3]);
  }
#pragma unroll
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t place = i | (4 + i) << 4;  // byte i of either
    pairs[i] = byte_perm(byte_perm(low[0], high[0], place), byte_perm(low[1], high[1], place), 0x5410U);
  }
}

// The scale of a block from the bits that it is stored in.
__device__ __forceinline__ float scale_value(HalfScale, uint32_t bits) {
  return from_f16(static_cast<uint16_t>(bits));
}
__device__ __forceinline__ float scale_value(PowerScale, uint32_t bits) {
  return __uint_as_float(bits < 2 ? 0x00200000U << bits : (bits - 1) << 23);
}

}  // namespace janus::cuda
