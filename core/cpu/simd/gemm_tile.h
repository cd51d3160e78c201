// The tile of the product of many rows in f32, and the panels that it reads.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/vector.h"

namespace janus::cpu::JANUS_ISA {
namespace {

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
void pack_transposed(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
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
void pack(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end, float* packed) {
  const T* data = static_cast<const T*>(from.data) + column;
  for (int64_t k = begin; k < end; ++k, packed += kTileColumns) {
    for (int first = 0; first < kTileColumns; first += kLanes) {
      const int64_t count = columns - first < kLanes ? columns - first : kLanes;
      store(packed + first, count <= 0 ? Vec{} : load_up_to(data + k * from.stride + first, count));
    }
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
