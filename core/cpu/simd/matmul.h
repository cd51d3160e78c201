// Products: a few rows against a streamed weight, and the tile of the product of many rows.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

// How far ahead of the weight stream lines are asked for. 2-8 KiB measure the same; none costs 5-20 %.
constexpr int64_t kPrefetchBytes = 4096;

// Dots of R rows with F neighbouring weight rows. Each dot uses two vector sums, even and odd vectors of k,
// whatever R and F are, so a result does not depend on its neighbours.
template <typename T, int R, int F>
JANUS_INLINE void dots(const T* weight, int64_t stride, int64_t depth, const float* x, int64_t x_stride,
                       float (&result)[R][F]) {
  Vec even[R][F] = {}, odd[R][F] = {};
  int64_t k = 0;
  for (; k + 2 * kLanes <= depth; k += 2 * kLanes) {
#pragma GCC unroll 4
    for (int f = 0; f < F; ++f) {
      const T* row = weight + f * stride + k;
      for (int64_t line = 0; line < static_cast<int64_t>(2 * kLanes * sizeof(T)); line += 64) {
        __builtin_prefetch(reinterpret_cast<const char*>(row) + kPrefetchBytes + line, 0, 3);
      }
      const Vec w0 = load(row), w1 = load(row + kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        even[r][f] = fma(w0, load(x + r * x_stride + k), even[r][f]);
        odd[r][f] = fma(w1, load(x + r * x_stride + k + kLanes), odd[r][f]);
      }
    }
  }
  for (bool is_odd = false; k < depth; k += kLanes, is_odd = true) {
    const int64_t count = depth - k < kLanes ? depth - k : kLanes;
    for (int f = 0; f < F; ++f) {
      const Vec w = load_up_to(weight + f * stride + k, count);
      for (int r = 0; r < R; ++r) {
        Vec& partial = is_odd ? odd[r][f] : even[r][f];
        partial = fma(w, load_up_to(x + r * x_stride + k, count), partial);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int f = 0; f < F; ++f) result[r][f] = sum(even[r][f] + odd[r][f]);
  }
}

template <typename T, int R>
void few_rows_of(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* x,
                 int64_t x_stride, const float* bias, float* out, int64_t out_stride) {
  const T* data = static_cast<const T*>(weight.data);
  int64_t f = begin;
  // Two weight rows at a time while the sums fit the registers.
  if constexpr (R <= 4) {
    for (; f + 2 <= end; f += 2) {
      float result[R][2];
      dots<T, R, 2>(data + f * weight.stride, weight.stride, depth, x, x_stride, result);
      for (int r = 0; r < R; ++r) {
        for (int i = 0; i < 2; ++i) {
          out[r * out_stride + f + i] = result[r][i] + (bias == nullptr ? 0.0F : bias[f + i]);
        }
      }
    }
  }
  for (; f < end; ++f) {
    float result[R][1];
    dots<T, R, 1>(data + f * weight.stride, weight.stride, depth, x, x_stride, result);
    for (int r = 0; r < R; ++r) out[r * out_stride + f] = result[r][0] + (bias == nullptr ? 0.0F : bias[f]);
  }
}

template <typename T>
void few_rows_typed(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* x,
                    int64_t x_stride, int rows, const float* bias, float* out, int64_t out_stride) {
  using Function = void (*)(const Matrix&, int64_t, int64_t, int64_t, const float*, int64_t, const float*,
                            float*, int64_t);
  static constexpr Function kByRows[kMaxFewRows] = {few_rows_of<T, 1>, few_rows_of<T, 2>, few_rows_of<T, 3>,
                                                    few_rows_of<T, 4>, few_rows_of<T, 5>, few_rows_of<T, 6>,
                                                    few_rows_of<T, 7>, few_rows_of<T, 8>};
  kByRows[rows - 1](weight, begin, end, depth, x, x_stride, bias, out, out_stride);
}

void few_rows(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* x,
              int64_t x_stride, int rows, const float* bias, float* out, int64_t out_stride) {
  if (weight.dtype == DType::bf16) {
    few_rows_typed<Bf16>(weight, begin, end, depth, x, x_stride, rows, bias, out, out_stride);
  } else if (weight.dtype == DType::f16) {
    few_rows_typed<F16>(weight, begin, end, depth, x, x_stride, rows, bias, out, out_stride);
  } else {
    few_rows_typed<float>(weight, begin, end, depth, x, x_stride, rows, bias, out, out_stride);
  }
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

// Transposes kLanes vectors in place: at each step, blocks of `half` lanes change places across the diagonal.
JANUS_INLINE void transpose(Vec (&v)[kLanes]) {
#pragma GCC unroll 4
  for (int half = 1; half < kLanes; half *= 2) {
    IntVec low{}, high{};
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool first = (lane & half) == 0;
      low[lane] = first ? lane : kLanes + lane - half;
      high[lane] = first ? lane + half : kLanes + lane;
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if ((i & half) != 0) continue;
      const Vec a = v[i], b = v[i + half];
      v[i] = __builtin_shuffle(a, b, low);
      v[i + half] = __builtin_shuffle(a, b, high);
    }
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
