// Products of a few activation rows with weights of a float type, which are streamed once.
//
// Weight rows are taken in groups, and k in pieces so short that the activations of a piece stay in the
// first-level cache while the group's rows pass; meanwhile the next group is fetched into the second level.
// That reads memory as fast as a loop that only reads, with 1, 2 or 4 rows. (One row after the other, with or
// without prefetch, 0.6 to 0.9 of it.) Within a group a few weight rows go side by side, so that activations
// are loaded once for them: a processor loads no more vectors than it multiplies.
//
// Every dot product is kept in one vector sum and adds k in the same order whatever the other rows are.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

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
// A 32-bit lane holds two elements: converting needs no shuffle if the even ones make one vector, the odd
// ones the other.
JANUS_INLINE VecPair load_pair(const Bf16* from) {
  UInt32Vec words;
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
void float_group_dots(const T* weight, int64_t stride, int count, int64_t depth, const float* x,
                      const float* bias, float* out, int64_t out_stride) {
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
void pack_float_rows(const float* x, int64_t x_stride, int64_t depth, int rows, float* packed) {
  const int64_t padded = (depth + kPair - 1) / kPair * kPair;
  for (int r = 0; r < rows; r += kRowsAtOnce) {
    const int at_once = rows - r < kRowsAtOnce ? rows - r : kRowsAtOnce;
    pack_rows_at_once<T>(x + r * x_stride, x_stride, depth, at_once, packed + r * padded);
  }
}

template <typename T>
void float_gemv(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* packed,
                int rows, const float* bias, float* out, int64_t out_stride) {
  using Function = void (*)(const T*, int64_t, int, int64_t, const float*, const float*, float*, int64_t);
  static constexpr Function kByRows[8] = {
      float_group_dots<T, 1>, float_group_dots<T, 2>, float_group_dots<T, 3>, float_group_dots<T, 4>,
      float_group_dots<T, 5>, float_group_dots<T, 6>, float_group_dots<T, 7>, float_group_dots<T, 8>};
  static_assert(kMaxGemvRows == 8 && kMaxGemvRows % kRowsAtOnce == 0);
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

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
