// Products: a few rows against a streamed weight, and the tile of the product of many rows.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/lanes.h"
#include "core/cpu/simd/quants.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// -- few rows ---------------------------------------------------------------------------------------------
//
// Weight rows are taken in groups, and k in pieces so short that the activations of a piece stay in the
// first-level cache while the group's rows pass; meanwhile the next group is fetched into the second level.
// That reads memory as fast as a loop that only reads, with 1, 2 or 4 rows. (One row after the other, with or
// without prefetch, 0.6 to 0.9 of it.) Within a group a few weight rows go side by side, so that activations
// are loaded once for them: a processor loads no more vectors than it multiplies.
//
// Every dot product is kept in one vector sum and adds k in the same order whatever the other rows are.

constexpr int64_t kPiece = 256;
constexpr int kGroup = 8;
// Two vectors of k: what one step of a dot product takes.
constexpr int64_t kPair = 2 * kLanes;
// Activation rows whose sums are in registers at once, and the weight rows beside each other.
constexpr int kRowsAtOnce = kLanes == 16 ? 8 : 4;
constexpr int weight_rows_at_once(int rows) { return kLanes == 16 && rows <= 2 ? 4 : 2; }

struct VecPair {
  Vec first, second;
};

JANUS_INLINE VecPair load_pair(const float* from) { return {load(from), load(from + kLanes)}; }
JANUS_INLINE VecPair load_pair(const F16* from) { return {load(from), load(from + kLanes)}; }
// A 32-bit lane holds two numbers: widening needs no shuffle if the even ones make one vector, the odd ones
// the other.
JANUS_INLINE VecPair load_pair(const Bf16* from) {
  WordVec words;
  __builtin_memcpy(&words, from, sizeof words);
  keep(words);
  return {bit_cast<Vec>(words << 16), bit_cast<Vec>(words & 0xFFFF0000U)};
}
template <typename T>
constexpr bool kEvenOdd = false;
template <>
constexpr bool kEvenOdd<Bf16> = true;

template <typename T>
JANUS_INLINE VecPair load_pair_part(const T* from, int64_t count) {
  T padded[kPair] = {};
  __builtin_memcpy(padded, from, static_cast<size_t>(count) * sizeof(T));
  return load_pair(padded);
}

// Lays activations out as [depth / kPair][rows][kPair], in the order in which load_pair<T> gives the weights.
template <typename T>
void pack_rows_at_once(const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  for (int64_t k = 0; k < depth; k += kPair) {
    for (int r = 0; r < rows; ++r, packed += kPair) {
      const float* from = x + r * x_stride + k;
      const VecPair pair = k + kPair <= depth ? load_pair(from) : load_pair_part(from, depth - k);
      if constexpr (kEvenOdd<T>) {
        store(packed, shuffle(pair.first, pair.second, [](int lane) { return 2 * lane; }));
        store(packed + kLanes, shuffle(pair.first, pair.second, [](int lane) { return 2 * lane + 1; }));
      } else {
        store(packed, pair.first);
        store(packed + kLanes, pair.second);
      }
    }
  }
}

// Adds k in [begin, end) to the dot products of R packed rows with W weight rows.
template <typename T, int W, int R>
JANUS_INLINE void add_dots(const T* weight, int64_t stride, int64_t begin, int64_t end, const float* x,
                           Vec (*sums)[R]) {
  Vec partial[W][R];
  for (int f = 0; f < W; ++f) {
    for (int r = 0; r < R; ++r) partial[f][r] = sums[f][r];
  }
  const auto step = [&](const VecPair(&w)[W], const float* packed) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      Vec first = load(packed + r * kPair), second = load(packed + r * kPair + kLanes);
      if constexpr (W > 1) {
        keep(first);
        keep(second);
      }
#pragma GCC unroll 4
      for (int f = 0; f < W; ++f) {
        partial[f][r] = fma(w[f].first, first, partial[f][r]);
        partial[f][r] = fma(w[f].second, second, partial[f][r]);
      }
    }
  };
  int64_t k = begin;
#pragma GCC unroll 2
  for (; k + kPair <= end; k += kPair) {
    VecPair w[W];
#pragma GCC unroll 4
    for (int f = 0; f < W; ++f) {
      // One request a line of 64 bytes; where a step is shorter than a line, some are repeated.
      for (int64_t line = 0; line < static_cast<int64_t>(kPair * sizeof(T)); line += 64) {
        const T* ahead = weight + (kGroup + f) * stride + k;
        __builtin_prefetch(reinterpret_cast<const char*>(ahead) + line, 0, 2);
      }
      w[f] = load_pair(weight + f * stride + k);
    }
    step(w, x + k * R);
  }
  if (k < end) {
    VecPair w[W];
    for (int f = 0; f < W; ++f) w[f] = load_pair_part(weight + f * stride + k, end - k);
    step(w, x + k * R);
  }
  for (int f = 0; f < W; ++f) {
    for (int r = 0; r < R; ++r) sums[f][r] = partial[f][r];
  }
}

// The dot products of R packed rows with `count` <= kGroup weight rows.
template <typename T, int R>
void group_dots(const T* weight, int64_t stride, int count, int64_t depth, const float* x, const float* bias,
                float* out, int64_t out_stride) {
  constexpr int kAtOnce = weight_rows_at_once(R);
  Vec sums[kGroup][R] = {};
  for (int64_t begin = 0; begin < depth; begin += kPiece) {
    const int64_t end = depth - begin < kPiece ? depth : begin + kPiece;
    int f = 0;
    for (; f + kAtOnce <= count; f += kAtOnce) {
      add_dots<T, kAtOnce, R>(weight + f * stride, stride, begin, end, x, sums + f);
    }
    for (; f < count; ++f) add_dots<T, 1, R>(weight + f * stride, stride, begin, end, x, sums + f);
  }
  for (int r = 0; r < R; ++r) {
    for (int f = 0; f < count; ++f) {
      out[r * out_stride + f] = sum(sums[f][r]) + (bias == nullptr ? 0.0F : bias[f]);
    }
  }
}

template <typename T>
void pack_rows_typed(const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  const int64_t padded = (depth + kPair - 1) / kPair * kPair;
  for (int r = 0; r < rows; r += kRowsAtOnce) {
    const int at_once = rows - r < kRowsAtOnce ? rows - r : kRowsAtOnce;
    pack_rows_at_once<T>(x + r * x_stride, x_stride, depth, at_once, packed + r * padded);
  }
}

template <typename T>
void few_rows_typed(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed,
                    int rows, const float* bias, float* out, int64_t out_stride) {
  using Function = void (*)(const T*, int64_t, int, int64_t, const float*, const float*, float*, int64_t);
  static constexpr Function kByRows[8] = {group_dots<T, 1>, group_dots<T, 2>, group_dots<T, 3>,
                                          group_dots<T, 4>, group_dots<T, 5>, group_dots<T, 6>,
                                          group_dots<T, 7>, group_dots<T, 8>};
  static_assert(kMaxFewRows == 8 && kMaxFewRows % kRowsAtOnce == 0);
  const int64_t padded = (depth + kPair - 1) / kPair * kPair;
  for (int64_t f = begin; f < end; f += kGroup) {
    const T* group = static_cast<const T*>(weight.data) + f * weight.stride;
    const int count = static_cast<int>(end - f < kGroup ? end - f : kGroup);
    for (int r = 0; r < rows; r += kRowsAtOnce) {
      const int at_once = rows - r < kRowsAtOnce ? rows - r : kRowsAtOnce;
      kByRows[at_once - 1](group, weight.stride, count, depth, packed + r * padded,
                           bias == nullptr ? nullptr : bias + f, out + r * out_stride + f, out_stride);
    }
  }
}

void pack_rows(DType weight, const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  const auto run = [&](auto function) { function(x, x_stride, depth, rows, packed); };
  switch (weight) {
    case DType::bf16:
      return run(pack_rows_typed<Bf16>);
    case DType::f16:
      return run(pack_rows_typed<F16>);
    case DType::q8_0:
      return run(pack_whole_rows<BlockQ8_0>);
    case DType::q6_k:
      return run(pack_whole_rows<BlockQ6_K>);
    case DType::q5_k:
      return run(pack_whole_rows<BlockQ5_K>);
    case DType::q4_k:
      return run(pack_whole_rows<BlockQ4_K>);
#if defined(JANUS_HAS_LANES)
    case DType::q8_0_lanes:
    case DType::q6_k_lanes:
    case DType::q5_k_lanes:
    case DType::q4_k_lanes:
      return run(pack_lane_rows);
#endif
    default:
      return run(pack_rows_typed<float>);
  }
}

void few_packed_rows(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed,
                     int rows, const float* bias, float* out, int64_t out_stride) {
  const auto run = [&](auto function) {
    function(weight, begin, end, depth, packed, rows, bias, out, out_stride);
  };
  switch (weight.dtype) {
    case DType::bf16:
      return run(few_rows_typed<Bf16>);
    case DType::f16:
      return run(few_rows_typed<F16>);
    case DType::q8_0:
      return run(few_rows_quantized<BlockQ8_0>);
    case DType::q6_k:
      return run(few_rows_quantized<BlockQ6_K>);
    case DType::q5_k:
      return run(few_rows_quantized<BlockQ5_K>);
    case DType::q4_k:
      return run(few_rows_quantized<BlockQ4_K>);
#if defined(JANUS_HAS_LANES)
    case DType::q8_0_lanes:
      return run(few_lane_rows<LanesQ8_0>);
    case DType::q6_k_lanes:
      return run(few_lane_rows<LanesQ6_K>);
    case DType::q5_k_lanes:
      return run(few_lane_rows<LanesQ5_K>);
    case DType::q4_k_lanes:
      return run(few_lane_rows<LanesQ4_K>);
#endif
    default:
      return run(few_rows_typed<float>);
  }
}

void few_rows(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* x,
              int64_t x_stride, int rows, const float* bias, float* out, int64_t out_stride, float* packed) {
  pack_rows(weight.dtype, x, x_stride, depth, rows, packed);
  few_packed_rows(weight, begin, end, depth, packed, rows, bias, out, out_stride);
}

// -- many rows --------------------------------------------------------------------------------------------

#if defined(__AVX512F__)
constexpr int kTileRows = 12, kTileVectors = 2;
#elif defined(__aarch64__)
constexpr int kTileRows = 8, kTileVectors = 2;
#elif defined(__AVX2__)
constexpr int kTileRows = 6, kTileVectors = 2;
#else
constexpr int kTileRows = 4, kTileVectors = 2;
#endif
constexpr int kTileColumns = kTileVectors * kLanes;
static_assert(kTileRows <= kMaxTileRows && kTileColumns <= kMaxTileColumns);

// Transposes kLanes vectors in place: at each step, blocks of kHalf lanes change places across the diagonal.
template <int kHalf = 1>
JANUS_INLINE void transpose(Vec (&v)[kLanes]) {
  if constexpr (kHalf < kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if ((i & kHalf) != 0) continue;
      const Vec a = v[i], b = v[i + kHalf];
      v[i] = shuffle(a, b, [](int lane) { return (lane & kHalf) == 0 ? lane : kLanes + lane - kHalf; });
      v[i + kHalf] =
          shuffle(a, b, [](int lane) { return (lane & kHalf) == 0 ? lane + kHalf : kLanes + lane; });
    }
    transpose<2 * kHalf>(v);
  }
}

template <typename T>
void pack_transposed_typed(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                           float* packed) {
  const T* data = static_cast<const T*>(from.data) + row * from.stride;
  for (int first = 0; first < kTileColumns; first += kLanes) {
    const int count = columns - first < kLanes ? columns - first : kLanes;
    for (int64_t k = begin; k < end; k += kLanes) {
      const int64_t depth = end - k < kLanes ? end - k : kLanes;
      Vec block[kLanes] = {};
      for (int j = 0; j < count; ++j) block[j] = load_up_to(data + (first + j) * from.stride + k, depth);
      transpose(block);
      for (int64_t i = 0; i < depth; ++i) store(packed + (k - begin + i) * kTileColumns + first, block[i]);
    }
  }
}

template <typename T>
void pack_typed(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end, float* packed) {
  const T* data = static_cast<const T*>(from.data) + column;
  for (int64_t k = begin; k < end; ++k, packed += kTileColumns) {
    for (int first = 0; first < kTileColumns; first += kLanes) {
      const int64_t count = columns - first < kLanes ? columns - first : kLanes;
      store(packed + first, count <= 0 ? Vec{} : load_up_to(data + k * from.stride + first, count));
    }
  }
}

void pack_transposed(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                     float* packed) {
  if (from.dtype == DType::bf16) {
    pack_transposed_typed<Bf16>(from, row, columns, begin, end, packed);
  } else if (from.dtype == DType::f16) {
    pack_transposed_typed<F16>(from, row, columns, begin, end, packed);
  } else {
    pack_transposed_typed<float>(from, row, columns, begin, end, packed);
  }
}

void pack(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end, float* packed) {
  if (from.dtype == DType::bf16) {
    pack_typed<Bf16>(from, column, columns, begin, end, packed);
  } else if (from.dtype == DType::f16) {
    pack_typed<F16>(from, column, columns, begin, end, packed);
  } else {
    pack_typed<float>(from, column, columns, begin, end, packed);
  }
}

void tile(const float* left, const float* packed, int64_t depth, int rows, int columns, bool add,
          const float* bias, float* c, int64_t c_stride) {
  Vec sums[kTileRows][kTileVectors] = {};
  for (int64_t k = 0; k < depth; ++k, packed += kTileColumns) {
    Vec right[kTileVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; ++j) right[j] = load(packed + j * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kTileRows; ++r) {
      const Vec x = splat(left[r * kTileStride + k]);
#pragma GCC unroll 4
      for (int j = 0; j < kTileVectors; ++j) sums[r][j] = fma(x, right[j], sums[r][j]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
    if (r >= rows) break;
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; ++j) {
      const int64_t count = columns - j * kLanes < kLanes ? columns - j * kLanes : kLanes;
      if (count <= 0) break;
      float* to = c + r * c_stride + j * kLanes;
      Vec y = sums[r][j];
      if (add) y += load_up_to(to, count);
      if (bias != nullptr) y += load_up_to(bias + j * kLanes, count);
      store_up_to(to, y, count);
    }
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
