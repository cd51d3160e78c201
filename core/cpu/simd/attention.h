// Softmax and the weighted sum of value rows.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

void softmax(float* x, int64_t size, float scale) {
  Vec high = splat(-__builtin_inff());
  for_each_vector(size, [&](int64_t i, int64_t count) {
    Vec value = load_up_to(x + i, count);
    for (int64_t lane = count; lane < kLanes; ++lane) value[lane] = -__builtin_inff();
    high = value > high ? value : high;
  });
  const float top = largest(high);
  Vec total{};
  for_each_vector(size, [&](int64_t i, int64_t count) {
    Vec value = exp((load_up_to(x + i, count) - splat(top)) * splat(scale));
    for (int64_t lane = count; lane < kLanes; ++lane) value[lane] = 0.0F;
    total += value;
    store_up_to(x + i, value, count);
  });
  const Vec inverse = splat(1.0F / sum(total));
  for_each_vector(
      size, [&](int64_t i, int64_t count) { store_up_to(x + i, load_up_to(x + i, count) * inverse, count); });
}

// Rows of `values` are read once for all R rows of weights; V vectors of the width at a time stay in
// registers.
template <typename T, int R, int V>
JANUS_INLINE void weighted_block(const T* values, int64_t stride, int64_t count, const float* p,
                                 int64_t p_stride, float* out, int64_t out_stride) {
  Vec sums[R][V] = {};
  for (int64_t n = 0; n < count; ++n) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      const Vec value = load(values + n * stride + v * kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sums[r][v] = fma(splat(p[r * p_stride + n]), value, sums[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) store(out + r * out_stride + v * kLanes, sums[r][v]);
  }
}

template <typename T, int R>
void weighted_rows_of(const T* values, int64_t stride, int64_t count, int64_t width, const float* p,
                      int64_t p_stride, float* out, int64_t out_stride) {
  constexpr int kVectors = kLanes == 16 ? 8 / R : 4 / R;
  int64_t d = 0;
  for (; d + kVectors * kLanes <= width; d += kVectors * kLanes) {
    weighted_block<T, R, kVectors>(values + d, stride, count, p, p_stride, out + d, out_stride);
  }
  for (; d + kLanes <= width; d += kLanes) {
    weighted_block<T, R, 1>(values + d, stride, count, p, p_stride, out + d, out_stride);
  }
  if (d == width) return;
  for (int r = 0; r < R; ++r) {
    Vec total{};
    for (int64_t n = 0; n < count; ++n) {
      total = fma(splat(p[r * p_stride + n]), load_part(values + n * stride + d, width - d), total);
    }
    store_part(out + r * out_stride + d, total, width - d);
  }
}

template <typename T>
void weighted_rows(const Matrix& values, int64_t count, int64_t width, const float* p, int64_t p_stride,
                   int rows, float* out, int64_t out_stride) {
  const T* data = static_cast<const T*>(values.data);
  int r = 0;
  for (; r + 2 <= rows; r += 2) {
    weighted_rows_of<T, 2>(data, values.stride, count, width, p + r * p_stride, p_stride,
                           out + r * out_stride, out_stride);
  }
  if (r < rows) {
    weighted_rows_of<T, 1>(data, values.stride, count, width, p + r * p_stride, p_stride,
                           out + r * out_stride, out_stride);
  }
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
