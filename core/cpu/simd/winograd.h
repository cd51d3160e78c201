// Convolutions of 3 x 3 taps with fewer multiplications: outputs are made in tiles of 4 x 4, from products of
// sums of inputs with sums of taps. Source: Lavin and Gray, "Fast algorithms for convolutional neural
// networks", 2015.
#pragma once

#include "core/cpu/kernels.h"
#include "core/cpu/simd/gemm_tile.h"
#include "core/cpu/simd/vector.h"

// Compiles a lambda once for whole vectors and once for the last part, instead of once for any.
#define JANUS_INLINE_LAMBDA __attribute__((always_inline))

namespace janus::cpu::JANUS_ISA {
namespace {

// Each scheme below is for a row of outputs; a tile applies it down the columns, then along the rows. Its
// `input` makes kInputs sums of kWindow inputs, `filter` makes kProducts sums of the 3 taps; product p is
// that of input kInputOf[p] and filter p; `output` makes 4 outputs of the products.

// Outputs y[i] = w[0] d[i] + w[1] d[i + 1] + w[2] d[i + 2] from 6 products instead of 12, by interpolation at
// 0, 5/8, -5/8, 3/2, -3/2 and infinity. (The usual points 0, 1, -1, 2, -2 are no faster and twice as far from
// the exact result; these are 1.7 times as far as the plain sum.)
struct SameSize {
  static constexpr int kWindow = 6, kStep = 4, kInputs = 6, kProducts = 6;
  static constexpr int kInputOf[kProducts] = {0, 1, 2, 3, 4, 5};

  static constexpr float kA = 0.625F, kB = 1.5F, kA2 = kA * kA, kB2 = kB * kB;

  JANUS_INLINE void input(const Vec (&d)[kWindow], Vec (&v)[kInputs]) {
    const Vec sum = splat(-kA2 - kB2), product = splat(kA2 * kB2);
    v[0] = fma(sum, d[2], fma(product, d[0], d[4]));
    const Vec even_a = fma(splat(-kB2), d[2], d[4]), odd_a = fma(splat(-kB2), d[1], d[3]);
    v[1] = fma(splat(kA), odd_a, even_a);
    v[2] = fma(splat(-kA), odd_a, even_a);
    const Vec even_b = fma(splat(-kA2), d[2], d[4]), odd_b = fma(splat(-kA2), d[1], d[3]);
    v[3] = fma(splat(kB), odd_b, even_b);
    v[4] = fma(splat(-kB), odd_b, even_b);
    v[5] = fma(sum, d[3], fma(product, d[1], d[5]));
  }
  JANUS_INLINE void filter(const Vec (&w)[3], Vec (&u)[kProducts]) {
    constexpr float kOfA = 1.0F / (2.0F * kA2 * (kA2 - kB2)), kOfB = 1.0F / (2.0F * kB2 * (kB2 - kA2));
    u[0] = splat(1.0F / (kA2 * kB2)) * w[0];
    const Vec even_a = fma(splat(kA2), w[2], w[0]), even_b = fma(splat(kB2), w[2], w[0]);
    u[1] = splat(kOfA) * fma(splat(kA), w[1], even_a);
    u[2] = splat(kOfA) * fma(splat(-kA), w[1], even_a);
    u[3] = splat(kOfB) * fma(splat(kB), w[1], even_b);
    u[4] = splat(kOfB) * fma(splat(-kB), w[1], even_b);
    u[5] = w[2];
  }
  JANUS_INLINE void output(const Vec (&m)[kProducts], Vec (&y)[4]) {
    const Vec even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + even_a + even_b;
    y[1] = fma(splat(kA), odd_a, splat(kB) * odd_b);
    y[2] = fma(splat(kA2), even_a, splat(kB2) * even_b);
    y[3] = fma(splat(kA2 * kA), odd_a, fma(splat(kB2 * kB), odd_b, m[5]));
  }
};

// Of inputs that each count twice, d[1] d[1] d[2] d[2] between one d[0] and one d[3], as in an image made
// twice as large. The taps' sum s meets every input pair, so 5 products are enough:
//   y[0] = s (d[1] + d[2]) / 2 + (d[1] - d[2]) (s / 2 - w[0]) + (d[0] - d[2]) w[0]
//   y[1] = s (d[1] + d[2]) / 2 + (d[1] - d[2]) (s / 2 - w[2])
//   y[2] = s (d[1] + d[2]) / 2 - (d[1] - d[2]) (s / 2 - w[0])
//   y[3] = s (d[1] + d[2]) / 2 - (d[1] - d[2]) (s / 2 - w[2]) + (d[3] - d[1]) w[2]
struct Doubled {
  static constexpr int kWindow = 4, kStep = 2, kInputs = 4, kProducts = 5;
  static constexpr int kInputOf[kProducts] = {0, 1, 2, 2, 3};

  JANUS_INLINE void input(const Vec (&d)[kWindow], Vec (&v)[kInputs]) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[1] - d[2];
    v[3] = d[3] - d[1];
  }
  JANUS_INLINE void filter(const Vec (&w)[3], Vec (&u)[kProducts]) {
    u[0] = w[0];
    u[1] = splat(0.5F) * (w[0] + w[1] + w[2]);
    u[2] = u[1] - w[0];
    u[3] = u[1] - w[2];
    u[4] = w[2];
  }
  JANUS_INLINE void output(const Vec (&m)[kProducts], Vec (&y)[4]) {
    y[0] = m[1] + m[2] + m[0];
    y[1] = m[1] + m[3];
    y[2] = m[1] - m[2];
    y[3] = m[1] - m[3] + m[4];
  }
};

// Applies `row`, which makes kOut vectors of kIn, along both axes of a square.
template <int kIn, int kOut, typename Row>
JANUS_INLINE void both_axes(const Vec (&from)[kIn][kIn], Vec (&to)[kOut][kOut], Row row) {
  Vec half[kIn][kOut];
#pragma GCC unroll 6
  for (int i = 0; i < kIn; ++i) row(from[i], half[i]);
#pragma GCC unroll 6
  for (int j = 0; j < kOut; ++j) {
    Vec column[kIn], result[kOut];
#pragma GCC unroll 6
    for (int i = 0; i < kIn; ++i) column[i] = half[i][j];
    row(column, result);
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) to[i][j] = result[i];
  }
}

template <typename Scheme>
void winograd_filters(const float* taps, int64_t channels, float* to, int64_t product_stride) {
  constexpr int kProducts = Scheme::kProducts;
  for (int64_t c = 0; c < channels; ++c, taps += 9 * kTileColumns, to += kTileColumns) {
    for (int j = 0; j < kTileColumns; j += kLanes) {
      Vec w[3][3], u[kProducts][kProducts];
#pragma GCC unroll 9
      for (int tap = 0; tap < 9; ++tap) w[tap / 3][tap % 3] = load(taps + tap * kTileColumns + j);
      both_axes(w, u, [](const Vec(&x)[3], Vec(&y)[kProducts]) { Scheme::filter(x, y); });
#pragma GCC unroll 36
      for (int p = 0; p < kProducts * kProducts; ++p) {
        store(to + p * product_stride + j, u[p / kProducts][p % kProducts]);
      }
    }
  }
}

template <typename Scheme>
void winograd_input(const float* window, int64_t row_stride, int64_t channels, float* to,
                    int64_t input_stride) {
  constexpr int kWindow = Scheme::kWindow, kInputs = Scheme::kInputs;
  for_each_vector(channels, [&](int64_t c, int64_t count) JANUS_INLINE_LAMBDA {
    Vec d[kWindow][kWindow], v[kInputs][kInputs];
#pragma GCC unroll 6
    for (int i = 0; i < kWindow; ++i) {
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j)
        d[i][j] = load_up_to(window + i * row_stride + j * channels + c, count);
    }
    both_axes(d, v, [](const Vec(&x)[kWindow], Vec(&y)[kInputs]) { Scheme::input(x, y); });
#pragma GCC unroll 36
    for (int p = 0; p < kInputs * kInputs; ++p) {
      store(to + p * input_stride + c * kTileRows, v[p / kInputs][p % kInputs]);
    }
  });
}

template <typename Scheme>
void winograd_output(const float* products, int64_t product_stride, const WinogradTile& tile) {
  constexpr int kProducts = Scheme::kProducts;
  for_each_vector(tile.filters, [&](int64_t f, int64_t count) JANUS_INLINE_LAMBDA {
    Vec m[kProducts][kProducts], y[4][4];
#pragma GCC unroll 36
    for (int p = 0; p < kProducts * kProducts; ++p) {
      m[p / kProducts][p % kProducts] = load(products + p * product_stride + f);
    }
    both_axes(m, y, [](const Vec(&x)[kProducts], Vec(&z)[4]) { Scheme::output(x, z); });
    const Vec bias = tile.bias == nullptr ? Vec{} : load_up_to(tile.bias + f, count);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      if (i >= tile.rows) break;
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        if (j >= tile.columns) break;
        const int64_t at = i * tile.row_stride + j * tile.pixel_stride + f;
        Vec value = y[i][j] + bias;
        if (tile.residual != nullptr) value += load_up_to(tile.residual + at, count);
        store_up_to(tile.out + at, value, count);
      }
    }
  });
}

void winograd_products(const float* left, const float* packed, int64_t depth, float* out) {
  Vec sums[kTileRows][kTileVectors] = {};
  for (int64_t k = 0; k < depth; k += kLanes, left += kTileRows * kLanes) {
    const int64_t count = depth - k < kLanes ? depth - k : kLanes;
    for (int64_t lane = 0; lane < count; ++lane, packed += kTileColumns) {
      Vec right[kTileVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kTileVectors; ++j) right[j] = load(packed + j * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kTileRows; ++r) {
        const Vec x = splat(left[r * kLanes + lane]);
#pragma GCC unroll 4
        for (int j = 0; j < kTileVectors; ++j) sums[r][j] = fma(x, right[j], sums[r][j]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; ++j) store(out + r * kTileColumns + j * kLanes, sums[r][j]);
  }
}

template <typename Scheme>
constexpr WinogradKernels winograd_kernels() {
  WinogradKernels kernels{};
  kernels.window = Scheme::kWindow;
  kernels.step = Scheme::kStep;
  kernels.inputs = Scheme::kInputs * Scheme::kInputs;
  kernels.products = Scheme::kProducts * Scheme::kProducts;
  for (int p = 0; p < Scheme::kProducts * Scheme::kProducts; ++p) {
    kernels.input_of[p] =
        Scheme::kInputOf[p / Scheme::kProducts] * Scheme::kInputs + Scheme::kInputOf[p % Scheme::kProducts];
  }
  kernels.transform_filters = winograd_filters<Scheme>;
  kernels.transform_input = winograd_input<Scheme>;
  kernels.transform_output = winograd_output<Scheme>;
  return kernels;
}

}  // namespace
}  // namespace janus::cpu::JANUS_ISA
