// The elements of blocks of four bits (core/quant/nibble_blocks.h) as vectors of int16, and of packed ones as
// vectors of bytes.
#pragma once

#include "core/cpu/simd/int16_blocks.h"
#include "core/quant/blocks.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// A step takes the bytes of so many blocks as a vector has room for, 16 of each: four lanes of sums a block.
constexpr int kNibbleBlocks = kLanes / 4;

// What has no instruction that looks bytes up reads two elements of a byte at once, as a pair of int16.
#if defined(__AVX2__) || defined(__aarch64__)
constexpr bool kLooksUpBytes = true;
#else
constexpr bool kLooksUpBytes = false;
#endif
template <typename Block>
constexpr bool kInPairs = !kLooksUpBytes && !has_linear_table<Block>();

struct ElementPairs {
  int32_t of[256];
};
template <typename Block>
constexpr ElementPairs element_pairs() {
  ElementPairs pairs{};
  for (int byte = 0; byte < 256; ++byte) {
    pairs.of[byte] = (Block::kTable[byte & 15] & 0xFFFF) | Block::kTable[byte >> 4] * 65536;
  }
  return pairs;
}
template <typename Block>
constexpr ElementPairs kElementPairs = element_pairs<Block>();

// The element of each byte's place of the table plus `bias`; bytes are below 16.
template <typename Block, int kBias = 0>
JANUS_INLINE UInt16Vec look_up(UInt16Vec bytes) {
  typedef int8_t Int8x16 __attribute__((vector_size(16)));
  const Int8x16 table = load_as<Int8x16>(Block::kTable) + static_cast<int8_t>(kBias);
#if defined(__AVX512BW__)
  const __m512i all = _mm512_maskz_broadcast_i32x4(0xFFFF, bit_cast<__m128i>(table));
  return bit_cast<UInt16Vec>(_mm512_shuffle_epi8(all, bit_cast<__m512i>(bytes)));
#elif defined(__AVX2__)
  const __m256i all = _mm256_broadcastsi128_si256(bit_cast<__m128i>(table));
  return bit_cast<UInt16Vec>(_mm256_shuffle_epi8(all, bit_cast<__m256i>(bytes)));
#elif defined(__aarch64__)
  return bit_cast<UInt16Vec>(vqtbl1q_s8(bit_cast<int8x16_t>(table), bit_cast<uint8x16_t>(bytes)));
#else
  static_assert(sizeof(Block) == 0, "no instruction looks bytes up");
  return bytes;
#endif
}

// The bytes of kNibbleBlocks blocks one behind the other.
template <typename Block>
JANUS_INLINE UInt16Vec gather_bytes(const Block* blocks) {
  if constexpr (kNibbleBlocks == 1) {
    return load_as<UInt16Vec>(blocks[0].q);
  } else {
    const auto same = [](int lane) { return lane; };
    const auto two = [&](int first) __attribute__((always_inline)) {
      typedef int16_t Int16x16 __attribute__((vector_size(32)));
      return pick_int16<Int16x16>(load_as<Int16x8>(blocks[first].q), load_as<Int16x8>(blocks[first + 1].q),
                                  same);
    };
    if constexpr (kNibbleBlocks == 2) {
      return bit_cast<UInt16Vec>(two(0));
    } else {
      return bit_cast<UInt16Vec>(pick_int16<Int16Vec>(two(0), two(2), same));
    }
  }
}

// The elements of kNibbleBlocks blocks: of low halves those at even places, those at odd ones, then of high
// halves. In pairs, vector v has the low and the high element of bytes 4v to 4v + 3.
template <typename Block>
JANUS_INLINE void nibble_values(const Block* blocks, Int16Vec (&values)[4]) {
  if constexpr (kInPairs<Block>) {
    const uint8_t* q = blocks[0].q;
    const int32_t* pairs = kElementPairs<Block>.of;
    for (int v = 0; v < 4; ++v, q += 4) {
      values[v] = bit_cast<Int16Vec>(IntVec{pairs[q[0]], pairs[q[1]], pairs[q[2]], pairs[q[3]]});
    }
  } else {
    const UInt16Vec bytes = gather_bytes(blocks), low = bytes & 0x0F0F, high = bytes >> 4 & 0x0F0F;
    if constexpr (has_linear_table<Block>()) {
      split_bytes(low, high, values);
      for (Int16Vec& value : values) value += int16_t{Block::kTable[0]};
    } else {
      const auto a = bit_cast<Int16Vec>(look_up<Block>(low)), b = bit_cast<Int16Vec>(look_up<Block>(high));
      values[0] = a << 8 >> 8;
      values[1] = a >> 8;
      values[2] = b << 8 >> 8;
      values[3] = b >> 8;
    }
  }
}

// 256 activations in that order, rows interleaved by steps.
template <typename Block>
JANUS_INLINE void order_nibbles(const int16_t (&values)[kSuperBlock], int row, int rows, int16_t* to) {
  for (int step = 0; step < 8 / kNibbleBlocks; ++step) {
    int16_t* place = to + (step * rows + row) * 4 * kInt16s;
    const int16_t* from = values + step * kNibbleBlocks * 32;
    if constexpr (kInPairs<Block>) {
      for (int i = 0; i < 32; ++i) place[i] = from[i / 2 + i % 2 * 16];
    } else {
      for (int half = 0; half < 2; ++half, place += 2 * kInt16s) {
        int16_t halves[2 * kInt16s];
        for (int block = 0; block < kNibbleBlocks; ++block) {
          __builtin_memcpy(halves + 16 * block, from + 32 * block + 16 * half, 32);
        }
        const auto first = load_as<Int16Vec>(halves), second = load_as<Int16Vec>(halves + kInt16s);
        const Int16Vec even = pick_int16(first, second, [](int lane) { return 2 * lane; });
        const Int16Vec odd = pick_int16(first, second, [](int lane) { return 2 * lane + 1; });
        __builtin_memcpy(place, &even, sizeof even);
        __builtin_memcpy(place + kInt16s, &odd, sizeof odd);
      }
    }
  }
}

#if defined(__AVX2__)
struct PowerValues {
  float of[256];
};
constexpr PowerValues power_values() {
  PowerValues values{};
  for (int bits = 0; bits < 256; ++bits) values.of[bits] = value_of(PowerScale{static_cast<uint8_t>(bits)});
  return values;
}
constexpr PowerValues kPowerValues = power_values();

// The scales of kNibbleBlocks blocks.
JANUS_INLINE __m128 few_scales(const PowerScale* const (&scales)[kNibbleBlocks]) {
  float values[4] = {};
  for (int i = 0; i < kNibbleBlocks; ++i) values[i] = kPowerValues.of[scales[i]->bits];
  return _mm_set_ps(values[3], values[2], values[1], values[0]);
}
JANUS_INLINE __m128 few_scales(const HalfScale* const (&scales)[kNibbleBlocks]) {
  uint64_t bits = 0;
  for (int i = 0; i < kNibbleBlocks; ++i) bits |= uint64_t{scales[i]->bits} << 16 * i;
  return _mm_cvtph_ps(_mm_cvtsi64_si128(static_cast<long long>(bits)));
}
#endif

// The scale of each lane's block.
template <typename Block>
JANUS_INLINE Vec spread_scales(const Block* blocks) {
#if defined(__AVX2__)
  decltype(&blocks[0].scale) scales[kNibbleBlocks];
  for (int i = 0; i < kNibbleBlocks; ++i) scales[i] = &blocks[i].scale;
  const __m128 few = few_scales(scales);
#if defined(__AVX512F__)
  const __m512i lanes = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  return _mm512_maskz_permutexvar_ps(0xFFFF, lanes, _mm512_castps128_ps512(few));
#else
  return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(few), _mm256_set_epi32(1, 1, 1, 1, 0, 0, 0, 0));
#endif
#else
  static_assert(kNibbleBlocks == 1);
  return splat(value_of(blocks[0].scale));
#endif
}

// Adds the dot products of 256 elements of a weight row with R rows.
template <int R, NibbleBlock Block>
JANUS_INLINE void add_dots(const Block* blocks, const int16_t* activations, const float* factors,
                           Vec (&sums)[R]) {
  Vec partial[R] = {};
#pragma GCC unroll 8
  for (int step = 0; step < 8 / kNibbleBlocks; ++step, blocks += kNibbleBlocks) {
    Int16Vec values[4];
    nibble_values(blocks, values);
    const Vec scales = spread_scales(blocks);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      IntVec products{};
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const auto x = load_as<Int16Vec>(activations + ((step * R + r) * 4 + i) * kInt16s);
        products = add_products(values[i], x, products);
      }
      partial[r] = fma(to_float(products), scales, partial[r]);
    }
  }
  for (int r = 0; r < R; ++r) sums[r] = fma(partial[r], splat(factors[r]), sums[r]);
}

// As many blocks as make 256 elements, for a panel of the integer GEMM: in order, and the scale of each
// block.
template <NibbleBlock Block>
JANUS_INLINE void to_int16_values(const Block* blocks, int16_t* values, float* scales, float*) {
  for (int block = 0; block < 8; ++block, ++blocks, values += 32) {
#if defined(__AVX2__)
    const __m128i table = load_as<__m128i>(Block::kTable), bytes = load_as<__m128i>(blocks->q);
    const __m128i mask = _mm_set1_epi8(15);
    const __m128i low = _mm_shuffle_epi8(table, _mm_and_si128(bytes, mask));
    const __m128i high = _mm_shuffle_epi8(table, _mm_and_si128(_mm_srli_epi16(bytes, 4), mask));
    const __m256i wide[2] = {_mm256_cvtepi8_epi16(low), _mm256_cvtepi8_epi16(high)};
    __builtin_memcpy(values, wide, sizeof wide);
#else
    for (int l = 0; l < 16; ++l) {
      values[l] = Block::kTable[blocks->q[l] & 15];
      values[l + 16] = Block::kTable[blocks->q[l] >> 4];
    }
#endif
    scales[block] = value_of(blocks->scale);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
