// What the searches of core/quant/quant_search.h share: vectors with one lane a part of a block.
#pragma once

#include <cstdint>

#include "core/base/half.h"
#include "core/quant/block_formats.h"

// Vectors wider than the processor's are passed in memory, which is no matter as nothing here is called from
// another file. (g++ says so at the end of the file that includes this, so there is no pop.)
#pragma GCC diagnostic ignored "-Wpsabi"

namespace janus::quant_search {
namespace {

template <int kLanes>
struct Lanes {
  typedef float Vec __attribute__((vector_size(kLanes * 4)));
  typedef int32_t Mask __attribute__((vector_size(kLanes * 4)));
};

template <typename Vec>
JANUS_ALWAYS_INLINE Vec smaller(const Vec& a, const Vec& b) {
  return a < b ? a : b;
}
template <typename Vec>
JANUS_ALWAYS_INLINE Vec larger(const Vec& a, const Vec& b) {
  return a > b ? a : b;
}
// To the nearest whole number, halves to even; |x| < 2^22.
template <typename Vec>
JANUS_ALWAYS_INLINE Vec nearest(const Vec& x) {
  return (x + 12582912.0F) - 12582912.0F;
}
template <typename Vec>
JANUS_ALWAYS_INLINE Vec clamped(const Vec& x, float low, float high) {
  return larger(smaller(nearest(x), Vec{} + high), Vec{} + low);
}
// x / y, 0 where y is 0 or so small that the quotient would overflow.
template <typename Vec>
JANUS_ALWAYS_INLINE Vec divided(const Vec& x, const Vec& y) {
  const Vec size = y < 0.0F ? -y : y;
  return size > 1e-30F ? x / (size > 1e-30F ? y : Vec{} + 1.0F) : Vec{};
}
template <int kLanes, typename Vec>
JANUS_ALWAYS_INLINE float total(const Vec& x) {
  float sum = 0.0F;
  for (int j = 0; j < kLanes; ++j) sum += x[j];
  return sum;
}
template <int kLanes, typename Vec>
JANUS_ALWAYS_INLINE float largest_size(const Vec& x) {
  float found = 0.0F;
  for (int j = 0; j < kLanes; ++j) {
    const float size = x[j] < 0.0F ? -x[j] : x[j];
    found = size > found ? size : found;
  }
  return found;
}
JANUS_ALWAYS_INLINE float rounded_to_f16(float x) { return from_f16(to_f16(x)); }

// Number i of every part.
template <int kLanes, int kSize, typename Vec>
JANUS_ALWAYS_INLINE void spread(const float* from, Vec (&x)[kSize]) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kLanes; ++j) x[i][j] = from[j * kSize + i];
  }
}

}  // namespace
}  // namespace janus::quant_search
