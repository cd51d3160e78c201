// Products of a few rows with weights in lanes (core/cpu/lane_blocks.h).
//
// Activations are whole numbers of 16 bits as in quants.h, taken apart into a high and a low byte: w (256
// high + low). Each byte is multiplied with 64 weights in one instruction, which adds four products in each
// lane of 32 bits, exactly; a lane has one scale, so 256 numbers of a row cost eight of these and three
// instructions for the scales. Nothing is unpacked to words and no scale is multiplied into a weight, which
// is what bounds the blocks as stored with one or two rows.
//
// Only for AVX-512 with VNNI: AVX2's product of bytes saturates.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/lane_blocks.h"
#include "core/cpu/simd/quant_blocks.h"

#if defined(__AVX512VNNI__)

namespace janus::cpu::JANUS_ISA {
namespace {

// The largest whole number of an activation: its high byte, rounded, is at most 127.
constexpr float kLargestWord = 32639.0F;

// Rows of activations, the same for every format. For every 256 of depth, `bytes` has two parts (high and low
// bytes) of four vectors of `rows` times 64 bytes; the others have 16 lanes a row: `sums` of the whole
// numbers, `starts` what the sums of products of biased weights begin with. `factors` has one number a row.
struct LaneRows {
  int8_t* bytes;
  int32_t* starts_q8;  // -128 * sum
  int32_t* starts_q6;  // -32 * sum
  float* sums;
  float* factors;

  LaneRows(float* memory, int64_t depth, int rows) {
    const int64_t blocks = (depth + kSuperBlock - 1) / kSuperBlock * rows;
    bytes = reinterpret_cast<int8_t*>(memory);
    starts_q8 = reinterpret_cast<int32_t*>(memory + blocks * 128);
    starts_q6 = starts_q8 + blocks * 16;
    sums = memory + blocks * 160;
    factors = sums + blocks * 16;
    static_assert(128 + 3 * 16 + 1 <= kSuperBlock);  // few_rows_floats
  }
  // That of the superblock that begins with activation `index` of all.
  LaneRows at(int64_t index) const {
    LaneRows moved = *this;
    moved.bytes += index * 512;
    moved.starts_q8 += index * 16;
    moved.starts_q6 += index * 16;
    moved.sums += index * 16;
    moved.factors += index;
    return moved;
  }
};

JANUS_INLINE __m512i load_bytes(const void* from) { return _mm512_loadu_si512(from); }

// The low byte of each word.
JANUS_INLINE void store_bytes(int8_t* to, __m512i words) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_maskz_cvtepi32_epi8(0xFFFF, words));
}

// Four rows of 16 bytes, of lanes 4 * quarter and on -> their places in the four vectors, `stride` apart.
JANUS_INLINE void store_lanes(const int8_t (&rows)[64], int quarter, int64_t stride, int8_t* to) {
  const __m512i places = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  int8_t turned[64];
  _mm512_storeu_si512(turned, _mm512_maskz_permutexvar_epi32(0xFFFF, places, _mm512_loadu_si512(rows)));
  for (int vector = 0; vector < 4; ++vector) {
    __builtin_memcpy(to + vector * stride + 16 * quarter, turned + 16 * vector, 16);
  }
}

// 256 activations of row `row` of `rows`. NaN or infinity: a factor NaN.
JANUS_INLINE void pack_lane_block(const float* x, int row, int rows, const LaneRows& to) {
  Vec top{}, nothing{};
  for (int i = 0; i < kSuperBlock; i += 16) {
    const Vec v = load(x + i);
    top = at_least(top, v < Vec{} ? -v : v);
    nothing += v * 0.0F;
  }
  const float size = largest(top);
  const Vec inverse = splat(size < 1e-30F ? 0.0F : kLargestWord / size);
  const int64_t stride = int64_t{64} * rows;  // of vectors
  int8_t* highs = to.bytes + 64 * row;
  int8_t* lows = highs + 4 * stride;
  int8_t high[64], low[64];
  for (int lane = 0; lane < 16; ++lane) {
    const __m512i word = _mm512_maskz_cvtps_epi32(0xFFFF, load(x + 16 * lane) * inverse);
    const __m512i above = bit_cast<__m512i>((bit_cast<IntVec>(word) + 128) >> 8);
    store_bytes(low + lane % 4 * 16, word);
    store_bytes(high + lane % 4 * 16, above);
    if (lane % 4 == 3) {
      store_lanes(high, lane / 4, stride, highs);
      store_lanes(low, lane / 4, stride, lows);
    }
  }
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i total = _mm512_setzero_si512();
  for (int i = 0; i < 4; ++i) total = _mm512_dpbusd_epi32(total, ones, load_bytes(highs + i * stride));
  total = bit_cast<__m512i>(bit_cast<WordVec>(total) << 8);
  for (int i = 0; i < 4; ++i) total = _mm512_dpbusd_epi32(total, ones, load_bytes(lows + i * stride));
  const WordVec minus = -bit_cast<WordVec>(total);
  _mm512_storeu_si512(to.starts_q8 + 16 * row, bit_cast<__m512i>(minus << 7));
  _mm512_storeu_si512(to.starts_q6 + 16 * row, bit_cast<__m512i>(minus << 5));
  store(to.sums + 16 * row, __builtin_convertvector(bit_cast<IntVec>(total), Vec));
  to.factors[row] = size / kLargestWord + sum(nothing);
}

void pack_lane_rows(const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  const LaneRows to(packed, depth, rows);
  for (int64_t k = 0; k < depth; k += kSuperBlock) {
    for (int r = 0; r < rows; ++r) {
      pack_lane_block(x + r * x_stride + k, r, rows, to.at(k / kSuperBlock * rows));
    }
  }
}

// -- weights ----------------------------------------------------------------------------------------------

JANUS_INLINE Vec spread_f16(uint16_t bits) {
  return splat(_mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits))));
}

// 256 weights as unsigned bytes, and what each lane of them is multiplied with.
struct LaneWeights {
  __m512i bytes[4];
  Vec scales;
  Vec mins;  // of q4_k and q5_k
};

JANUS_INLINE void load_halves(const uint8_t* from, __m512i (&bytes)[4]) {
  const __m512i mask = _mm512_set1_epi8(15);
  const __m512i first = load_bytes(from), second = load_bytes(from + 64);
  bytes[0] = _mm512_and_si512(first, mask);
  bytes[1] = _mm512_and_si512(_mm512_srli_epi16(first, 4), mask);
  bytes[2] = _mm512_and_si512(second, mask);
  bytes[3] = _mm512_and_si512(_mm512_srli_epi16(second, 4), mask);
}

// Each lane takes the 12 bits of its 32 numbers. `head` begins with d, dmin and the fields.
JANUS_INLINE __m512i spread_fields(__m128i head) {
  constexpr int kNone = static_cast<int>(0x80800000U);
  const __m512i places = _mm512_setr_epi32(kNone | 0x0504, kNone | 0x0504, kNone | 0x0605, kNone | 0x0605,
                                           kNone | 0x0807, kNone | 0x0807, kNone | 0x0908, kNone | 0x0908,
                                           kNone | 0x0B0A, kNone | 0x0B0A, kNone | 0x0C0B, kNone | 0x0C0B,
                                           kNone | 0x0E0D, kNone | 0x0E0D, kNone | 0x0F0E, kNone | 0x0F0E);
  const __m512i shifts = _mm512_setr_epi32(0, 0, 4, 4, 0, 0, 4, 4, 0, 0, 4, 4, 0, 0, 4, 4);
  const __m512i spread = _mm512_maskz_broadcast_i32x4(0xFFFF, head);
  return _mm512_maskz_srlv_epi32(0xFFFF, _mm512_shuffle_epi8(spread, places), shifts);
}

JANUS_INLINE void load_fields(const void* block, LaneWeights& weights) {
  const __m128i head = _mm_loadu_si128(static_cast<const __m128i*>(block));
  const __m512i fields = spread_fields(head), mask = _mm512_set1_epi32(63);
  const __m128 both = _mm_cvtph_ps(head);  // d, dmin
  const Vec scales = _mm512_maskz_cvtepi32_ps(0xFFFF, _mm512_and_si512(fields, mask));
  const Vec mins =
      _mm512_maskz_cvtepi32_ps(0xFFFF, _mm512_and_si512(_mm512_maskz_srli_epi32(0xFFFF, fields, 6), mask));
  weights.scales = scales * Vec(_mm512_maskz_broadcastss_ps(0xFFFF, both));
  weights.mins = mins * Vec(_mm512_maskz_broadcastss_ps(0xFFFF, _mm_movehdup_ps(both)));
}

JANUS_INLINE LaneWeights load_weights(const LanesQ4_K& block) {
  LaneWeights weights;
  load_halves(block.q, weights.bytes);
  load_fields(&block, weights);
  return weights;
}

JANUS_INLINE LaneWeights load_weights(const LanesQ5_K& block) {
  LaneWeights weights;
  load_halves(block.q, weights.bytes);
  for (int i = 0; i < 4; ++i) {
    uint64_t high;
    __builtin_memcpy(&high, block.high[i], sizeof high);
    weights.bytes[i] = _mm512_mask_add_epi8(weights.bytes[i], high, weights.bytes[i], _mm512_set1_epi8(16));
  }
  load_fields(&block, weights);
  return weights;
}

JANUS_INLINE LaneWeights load_weights(const LanesQ6_K& block) {
  LaneWeights weights;
  load_halves(block.low, weights.bytes);
  const __m512i high = load_bytes(block.high), mask = _mm512_set1_epi8(0x30);
  constexpr int kFirstOrSecondAndThird = 0xF8;
  const auto join = [&](int i, __m512i bits) __attribute__((always_inline)) {
    weights.bytes[i] = _mm512_ternarylogic_epi32(weights.bytes[i], bits, mask, kFirstOrSecondAndThird);
  };
  join(0, _mm512_slli_epi16(high, 4));
  join(1, _mm512_slli_epi16(high, 2));
  join(2, high);
  join(3, _mm512_srli_epi16(high, 2));
  const __m128i scales = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.scales));
  weights.scales =
      Vec(_mm512_maskz_cvtepi32_ps(0xFFFF, _mm512_maskz_cvtepi8_epi32(0xFFFF, scales))) * spread_f16(block.d);
  return weights;
}

JANUS_INLINE LaneWeights load_weights(const LanesQ8_0& block) {
  LaneWeights weights;
  for (int i = 0; i < 4; ++i) weights.bytes[i] = load_bytes(block.q + 64 * i);
  const __m256i halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block.d)));
  const __m256i twice = _mm256_or_si256(halves, _mm256_slli_epi32(halves, 16));
  weights.scales = _mm512_maskz_cvtph_ps(0xFFFF, twice);
  return weights;
}

template <typename Block>
constexpr bool kHasMins = false;
template <>
constexpr bool kHasMins<LanesQ4_K> = true;
template <>
constexpr bool kHasMins<LanesQ5_K> = true;

// What the bytes of a number are above it.
template <typename Block>
constexpr int16_t kBiasOf = 0;
template <>
constexpr int16_t kBiasOf<LanesQ8_0> = 128;
template <>
constexpr int16_t kBiasOf<LanesQ6_K> = 32;

// The whole factor of each lane, as two words.
JANUS_INLINE WordsVec twice_in_words(__m512i lanes) {
  return bit_cast<WordsVec>(_mm512_or_si512(lanes, _mm512_maskz_slli_epi32(0xFFFF, lanes, 16)));
}
JANUS_INLINE WordsVec lane_scales(const LanesQ8_0&) { return WordsVec{} + 1; }
JANUS_INLINE WordsVec lane_scales(const LanesQ6_K& block) {
  const __m128i scales = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.scales));
  const __m512i low = _mm512_set1_epi32(0xFFFF);
  return twice_in_words(_mm512_and_si512(_mm512_maskz_cvtepi8_epi32(0xFFFF, scales), low));
}
template <typename Block>
JANUS_INLINE WordsVec lane_scales(const Block& block) {
  const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&block));
  return twice_in_words(_mm512_and_si512(spread_fields(head), _mm512_set1_epi32(63)));
}

JANUS_INLINE __m512i start_of(const LaneRows& x, int row, const LanesQ8_0*) {
  return load_bytes(x.starts_q8 + 16 * row);
}
JANUS_INLINE __m512i start_of(const LaneRows& x, int row, const LanesQ6_K*) {
  return load_bytes(x.starts_q6 + 16 * row);
}

// -- products ---------------------------------------------------------------------------------------------

// Adds the dot products of 256 weights with activation rows [first, first + R) of `rows`.
template <typename Block, int R>
JANUS_INLINE void add_lane_dots(const LaneWeights& weights, const LaneRows& x, int first, int rows,
                                Vec* sums) {
  __m512i whole[R];
  for (int r = 0; r < R; ++r) whole[r] = _mm512_setzero_si512();
  const auto add_part = [&](int part) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const __m512i bytes = load_bytes(x.bytes + ((4 * part + i) * rows + first + r) * 64);
        whole[r] = _mm512_dpbusd_epi32(whole[r], weights.bytes[i], bytes);
      }
    }
  };
  add_part(0);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    whole[r] = bit_cast<__m512i>(bit_cast<WordVec>(whole[r]) << 8);
    if constexpr (!kHasMins<Block>) {
      whole[r] = _mm512_add_epi32(whole[r], start_of(x, first + r, static_cast<const Block*>(nullptr)));
    }
  }
  add_part(1);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    Vec total = Vec(_mm512_maskz_cvtepi32_ps(0xFFFF, whole[r])) * weights.scales;
    if constexpr (kHasMins<Block>) {
      total = _mm512_fnmadd_ps(weights.mins, load(x.sums + 16 * (first + r)), total);
    }
    sums[first + r] = fma(total, splat(x.factors[first + r]), sums[first + r]);
  }
}

// The dot products of R packed rows with `count` <= kLaneGroup weight rows, in the way of group_dots in
// matmul.h. With more than 4 rows the next group is fetched into the first-level cache: that takes 10 % less
// time with 8 rows, and with 2 rows, where memory has to be read faster, 25 % more.
constexpr int kLaneGroup = 16;

template <typename Block, int R>
void lane_group_dots(const uint8_t* weight, int64_t row_bytes, int count, int64_t depth, const LaneRows& rows,
                     const float* bias, float* out, int64_t out_stride) {
  Vec sums[kLaneGroup][R] = {};
  for (int64_t block = 0; block < depth / kSuperBlock; ++block) {
    const LaneRows x = rows.at(block * R);
    for (int f = 0; f < count; ++f) {
      const uint8_t* from = weight + f * row_bytes + block * static_cast<int64_t>(sizeof(Block));
      for (int64_t line = 0; line < static_cast<int64_t>(sizeof(Block)); line += 64) {
        __builtin_prefetch(from + kLaneGroup * row_bytes + line, 0, R > 4 ? 3 : 2);
      }
      const LaneWeights weights = load_weights(*reinterpret_cast<const Block*>(from));
      // Four rows at a time leave room in the registers for the weights.
      constexpr int kFirst = R < 4 ? R : 4;
      add_lane_dots<Block, kFirst>(weights, x, 0, R, sums[f]);
      if constexpr (R > kFirst) add_lane_dots<Block, R - kFirst>(weights, x, kFirst, R, sums[f]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int f = 0; f < count; ++f) {
      out[r * out_stride + f] = sum(sums[f][r]) + (bias == nullptr ? 0.0F : bias[f]);
    }
  }
}

template <typename Block>
void few_lane_rows(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed,
                   int rows, const float* bias, float* out, int64_t out_stride) {
  using Function =
      void (*)(const uint8_t*, int64_t, int, int64_t, const LaneRows&, const float*, float*, int64_t);
  static constexpr Function kByRows[kMaxFewRows] = {lane_group_dots<Block, 1>, lane_group_dots<Block, 2>,
                                                    lane_group_dots<Block, 3>, lane_group_dots<Block, 4>,
                                                    lane_group_dots<Block, 5>, lane_group_dots<Block, 6>,
                                                    lane_group_dots<Block, 7>, lane_group_dots<Block, 8>};
  const LaneRows x(const_cast<float*>(packed), depth, rows);
  const int64_t row_bytes = weight.stride / kSuperBlock * static_cast<int64_t>(sizeof(Block));
  for (int64_t f = begin; f < end; f += kLaneGroup) {
    const int count = static_cast<int>(end - f < kLaneGroup ? end - f : kLaneGroup);
    kByRows[rows - 1](static_cast<const uint8_t*>(weight.data) + f * row_bytes, row_bytes, count, depth, x,
                      bias == nullptr ? nullptr : bias + f, out + f, out_stride);
  }
}

// -- conversions ------------------------------------------------------------------------------------------

template <typename Stored, typename Lanes>
void blocks_to_lanes(const void* from, int64_t size, void* to) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  auto* place = static_cast<uint8_t*>(to);
  for (int64_t i = 0; i < size; i += kSuperBlock) {
    Stored stored[Lanes::kBlocks];
    Lanes lanes;
    __builtin_memcpy(static_cast<void*>(stored), bytes, sizeof stored);
    to_lanes(stored, lanes);
    __builtin_memcpy(place, &lanes, sizeof lanes);
    bytes += sizeof stored;
    place += sizeof lanes;
  }
}

void to_lanes(DType from_type, const void* from, int64_t size, void* to) {
  switch (from_type) {
    case DType::q8_0:
      return blocks_to_lanes<BlockQ8_0, LanesQ8_0>(from, size, to);
    case DType::q6_k:
      return blocks_to_lanes<BlockQ6_K, LanesQ6_K>(from, size, to);
    case DType::q5_k:
      return blocks_to_lanes<BlockQ5_K, LanesQ5_K>(from, size, to);
    default:
      return blocks_to_lanes<BlockQ4_K, LanesQ4_K>(from, size, to);
  }
}

// As dequantize_block computes them, rounding for rounding.
template <typename Block>
void widen_lanes(const void* from, int64_t size, float* to) {
  const auto* place = static_cast<const uint8_t*>(from);
  for (int64_t i = 0; i < size; i += kSuperBlock, place += sizeof(Block), to += kSuperBlock) {
    const LaneWeights weights = load_weights(*reinterpret_cast<const Block*>(place));
    uint8_t bytes[4][64];
    for (int vector = 0; vector < 4; ++vector) _mm512_storeu_si512(bytes[vector], weights.bytes[vector]);
    float scales[16], mins[16];
    store(scales, weights.scales);
    if constexpr (kHasMins<Block>) store(mins, weights.mins);
    for (int lane = 0; lane < 16; ++lane) {
      uint8_t run[16];
      for (int vector = 0; vector < 4; ++vector)
        __builtin_memcpy(run + 4 * vector, &bytes[vector][4 * lane], 4);
      const __m512i words =
          _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(run)));
      const Vec numbers =
          _mm512_maskz_cvtepi32_ps(0xFFFF, _mm512_sub_epi32(words, _mm512_set1_epi32(kBiasOf<Block>)));
      Vec value = numbers * splat(scales[lane]);
      if constexpr (kHasMins<Block>) value -= splat(mins[lane]);
      store(to + 16 * lane, value);
    }
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA

#endif  // __AVX512VNNI__
