// Loops that do nothing but read, or nothing but multiply and add.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/int16_blocks.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// Sum of `size` floats, a multiple of kReadStep: as so many streams, each a part of them, and with the lines
// fetched so many bytes ahead, or none.
template <int kStreams, int kAhead>
float read_streams(const float* x, int64_t size) {
  constexpr int64_t kAtOnce = 128 / kStreams;  // floats of a stream
  const int64_t part = size / kStreams;
  Vec sums[8] = {};
  for (int64_t i = 0; i < part; i += kAtOnce) {
#pragma GCC unroll 8
    for (int stream = 0; stream < kStreams; ++stream) {
      const float* const from = x + stream * part + i;
      if constexpr (kAhead > 0) {
#pragma GCC unroll 8
        for (int64_t line = 0; line < kAtOnce; line += 16) {
          __builtin_prefetch(reinterpret_cast<const char*>(from + line) + kAhead, 0, 2);
        }
      }
#pragma GCC unroll 32
      for (int64_t j = 0; j < kAtOnce; j += kLanes) {
        sums[(stream * kAtOnce + j) / kLanes % 8] += load(from + j);
      }
    }
  }
  return sum(((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
}

// Which of them is the fastest depends on the processor: one core of a Zen 4 reads 15 GB/s as one stream and
// 28 as eight from pages of 4 KiB, and 28 and 30 from those of 2 MiB.
float read_all(const float* x, int64_t size, int shape) {
  static constexpr float (*kShapes[])(const float*, int64_t) = {read_streams<1, 0>,    read_streams<1, 32768>,
                                                                read_streams<2, 4096>, read_streams<4, 0>,
                                                                read_streams<4, 4096>, read_streams<8, 4096>};
  static_assert(sizeof kShapes / sizeof kShapes[0] == kReadShapes);
  return kShapes[shape](x, size);
}

// `rounds` times 12 independent vector multiply-adds; returns how many operations on floats that was.
int64_t multiply_add(int64_t rounds, float* result) {
  Vec sums[12];
  for (int j = 0; j < 12; ++j) sums[j] = splat(static_cast<float>(j));  // else they would be one
  const Vec a = splat(result[0]), b = splat(result[1]);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) sums[j] = fma(sums[j], a, b);
  }
  Vec total{};
  for (int j = 0; j < 12; ++j) total += sums[j];
  result[0] = sum(total);
  return rounds * 12 * 2 * kLanes;
}

// Products of bytes, of `a` without a sign, that add_bytes adds at once; without such an instruction, of
// int16.
#if defined(__AVX2__) || defined(__aarch64__)
constexpr int kByteProducts = 4 * kLanes;
#else
constexpr int kByteProducts = 2 * kLanes;
#endif

JANUS_INLINE IntVec add_bytes(Int16Vec a, Int16Vec b, IntVec sums) {
#if defined(__AVX512VNNI__)
  return bit_cast<IntVec>(
      _mm512_dpbusd_epi32(bit_cast<__m512i>(sums), bit_cast<__m512i>(a), bit_cast<__m512i>(b)));
#elif defined(__AVXVNNI__)
  return bit_cast<IntVec>(
      _mm256_dpbusd_avx_epi32(bit_cast<__m256i>(sums), bit_cast<__m256i>(a), bit_cast<__m256i>(b)));
#elif defined(__AVX512BW__)
  const __m512i pairs = _mm512_maddubs_epi16(bit_cast<__m512i>(a), bit_cast<__m512i>(b));
  return sums + bit_cast<IntVec>(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
#elif defined(__AVX2__)
  const __m256i pairs = _mm256_maddubs_epi16(bit_cast<__m256i>(a), bit_cast<__m256i>(b));
  return sums + bit_cast<IntVec>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
#elif defined(__aarch64__)
  const int8x16_t x = bit_cast<int8x16_t>(a), y = bit_cast<int8x16_t>(b);
  const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y));
  return bit_cast<IntVec>(vpadalq_s16(bit_cast<int32x4_t>(sums), vmlal_high_s8(low, x, y)));
#else
  return add_products(a, b, sums);
#endif
}

// `rounds` times 12 independent vector multiply-adds by `add`; returns how many operations that was.
template <int kProducts, IntVec (*add)(Int16Vec, Int16Vec, IntVec)>
int64_t multiply_add_whole(int64_t rounds, int32_t* result) {
  IntVec sums[12] = {};
  Int16Vec a = Int16Vec{} + static_cast<int16_t>(result[0]), b = Int16Vec{} + static_cast<int16_t>(result[1]);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) {
      keep(a);  // else the products, always the same, would be made once
      sums[j] = add(a, b, sums[j]);
    }
  }
  IntVec total{};
  for (int j = 0; j < 12; ++j) total += sums[j];
  uint32_t all = 0;  // may run over, which is no fault without a sign
  for (int lane = 0; lane < kLanes; ++lane) all += static_cast<uint32_t>(total[lane]);
  result[0] = static_cast<int32_t>(all);
  return rounds * 12 * 2 * kProducts;
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
