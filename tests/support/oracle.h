// What every operation of core/tensor/ops.h should give, as plain loops in double, and how near a kernel must
// come.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/tensor/device.h"
#include "core/tensor/ops.h"
#include "tests/support/device_under_test.h"

namespace janus::oracle {

using Values = std::vector<double>;

// -- inputs and comparison --------------------------------------------------------------------------------

inline std::vector<float> random_values(int64_t count, uint32_t seed, float scale = 1.0F,
                                        float shift = 0.0F) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(shift, scale);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

inline Tensor random_tensor(Device& device, Shape shape, uint32_t seed, DType dtype = DType::f32,
                            float scale = 1.0F, float shift = 0.0F) {
  return ops::convert(ops::from_host(device, random_values(shape.elements(), seed, scale, shift), shape),
                      dtype);
}

// The same values with rows `gap` elements further apart than they are wide, and garbage between them.
inline Tensor with_spaced_rows(const Tensor& x, int64_t gap) {
  Tensor wide(x.device(), x.dtype(), Shape{x.size(0), x.size(1) + gap});
  const std::vector<std::byte> garbage(wide.bytes(), std::byte{0xFF});
  x.device().upload(wide.raw(), garbage.data(), garbage.size());
  Tensor window = wide.columns(0, x.size(1));
  ops::copy(x, window);
  return window;
}

inline Values widen(const Tensor& x) {
  const std::vector<float> values = ops::to_host(x);
  return {values.begin(), values.end()};
}

// |x - y| <= absolute + relative * |y|.
struct Tolerance {
  double absolute, relative;
};

// The one table of tolerances. The absolute parts are for results of size 1: a sum of K products of normal
// numbers counts as one of size sqrt(K), and tests scale their weights by 1 / sqrt(K).
inline constexpr Tolerance kExact{0.0, 0.0};
inline constexpr Tolerance kElementwise{1e-6, 1e-6};
inline constexpr Tolerance kNorm{1e-6, 1e-6};
inline constexpr Tolerance kProduct{4e-6, 2e-6};
// Convolutions in tiles, whose sums of inputs are larger than the inputs (core/cpu/simd/winograd.h): at most
// 1.4e-5 was measured with 512 channels, 1.8e-5 with 1,030.
inline constexpr Tolerance kWinograd{2e-5, 2e-6};
// Rows by a weight in a block format: activations are multiples of top / 32639, top the largest of 256
// (4 for normal numbers). That is off by 4 / 32639 / sqrt(12) = 3.5e-5 times a result of size 1 in the mean,
// and by less than 2e-4 but for one in a hundred million.
inline constexpr Tolerance kRoundedProduct{2e-4, 0.0};
inline constexpr Tolerance kAttention{6e-6, 2e-6};
// On tensor cores, activations as two terms of bf16: a product of random sign is off by up to 2^-18 of it,
// which is all of a result of one product, and they add up as the products do.
inline constexpr Tolerance kSplitProduct{2e-5, 4e-6};
// In the tiles of a processor weights that are not bf16 count as two terms, too, without the product of both
// small ones: three times 2^-18 at most, and off by 4e-6 of a result of size 1 in the mean.
inline constexpr Tolerance kSplitWeights{4e-5, 12e-6};

// Of a product of several tokens in such tiles.
inline Tolerance tile_tolerance(DType dtype) {
  return dtype == DType::f32 ? kProduct : dtype == DType::bf16 ? kSplitProduct : kSplitWeights;
}

// Of a product with weights of a type, on the device of the tests.
inline Tolerance product_tolerance(DType dtype) {
  if (!traits().splits_activations || dtype == DType::f32) return kProduct;
  return traits().takes_threads ? tile_tolerance(dtype) : kSplitProduct;
}

// Of a linear layer's. A GPU rounds activations for one token alone.
inline Tolerance linear_tolerance(DType dtype, int64_t tokens) {
  return is_quantized(dtype) && (tokens == 1 || !traits().splits_activations) ? kRoundedProduct
                                                                              : product_tolerance(dtype);
}

inline void expect_near(std::span<const float> found, const Values& expected, Tolerance tolerance,
                        const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    const double excess = difference - tolerance.absolute - tolerance.relative * std::abs(expected[i]);
    if (!(excess <= 0.0)) {
      ADD_FAILURE() << what << ", element " << i << " of " << found.size() << ": expected " << expected[i]
                    << ", found " << found[i];
      return;
    }
  }
}

inline void expect_near(const Tensor& found, const Values& expected, Tolerance tolerance,
                        const std::string& what) {
  expect_near(ops::to_host(found), expected, tolerance, what);
}

// The same bits.
inline void expect_same(const Tensor& found, const Tensor& expected, const std::string& what) {
  const std::vector<float> a = ops::to_host(found), b = ops::to_host(expected);
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) {
      ADD_FAILURE() << what << ", element " << i << ": expected the bits of " << b[i] << ", found " << a[i];
      return;
    }
  }
}

// -- operations -------------------------------------------------------------------------------------------

// x [T, D] weight [F, D]^T + bias -> [T, F].
inline Values linear(const Values& x, const Values& weight, const Values& bias, int64_t depth) {
  const auto tokens = static_cast<int64_t>(x.size()) / depth,
             width = static_cast<int64_t>(weight.size()) / depth;
  Values out(static_cast<size_t>(tokens * width));
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t f = 0; f < width; ++f) {
      double total = bias.empty() ? 0.0 : bias[f];
      for (int64_t k = 0; k < depth; ++k) total += x[t * depth + k] * weight[f * depth + k];
      out[t * width + f] = total;
    }
  }
  return out;
}

inline Values rms_norm(const Values& x, const Values& weight, double eps) {
  const size_t width = weight.size();
  Values out(x.size());
  for (size_t row = 0; row < x.size(); row += width) {
    double squares = 0.0;
    for (size_t i = 0; i < width; ++i) squares += x[row + i] * x[row + i];
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
    for (size_t i = 0; i < width; ++i) out[row + i] = x[row + i] * scale * weight[i];
  }
  return out;
}

inline Values layer_norm(const Values& x, const Values& weight, const Values& bias, double eps) {
  const size_t width = weight.size();
  Values out(x.size());
  for (size_t row = 0; row < x.size(); row += width) {
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < width; ++i) mean += x[row + i] / static_cast<double>(width);
    for (size_t i = 0; i < width; ++i) squares += (x[row + i] - mean) * (x[row + i] - mean);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
    for (size_t i = 0; i < width; ++i) out[row + i] = (x[row + i] - mean) * scale * weight[i] + bias[i];
  }
  return out;
}

inline double silu(double x) { return x / (1.0 + std::exp(-x)); }

// x [B, pixels, C].
inline Values group_norm(const Values& x, const Values& weight, const Values& bias, int64_t pixels,
                         int groups, double eps, bool with_silu) {
  const auto channels = static_cast<int64_t>(weight.size()), width = channels / groups;
  const auto batch = static_cast<int64_t>(x.size()) / (pixels * channels);
  Values out(x.size());
  for (int64_t b = 0; b < batch; ++b) {
    for (int g = 0; g < groups; ++g) {
      const auto each = [&](auto body) {
        for (int64_t p = 0; p < pixels; ++p) {
          for (int64_t c = g * width; c < (g + 1) * width; ++c) body((b * pixels + p) * channels + c, c);
        }
      };
      double mean = 0.0, squares = 0.0;
      const auto count = static_cast<double>(pixels * width);
      each([&](int64_t i, int64_t) { mean += x[i] / count; });
      each([&](int64_t i, int64_t) { squares += (x[i] - mean) * (x[i] - mean); });
      const double scale = 1.0 / std::sqrt(squares / count + eps);
      each([&](int64_t i, int64_t c) {
        const double y = (x[i] - mean) * scale * weight[c] + bias[c];
        out[i] = with_silu ? silu(y) : y;
      });
    }
  }
  return out;
}

// One head: queries [T, D] over keys and values [N, D]; query t sees the first visible(t) keys -> [T, D].
template <typename Visible>
Values attention(const Values& queries, const Values& keys, const Values& values, int64_t width,
                 Visible visible) {
  const auto tokens = static_cast<int64_t>(queries.size()) / width;
  Values out(queries.size(), 0.0);
  for (int64_t t = 0; t < tokens; ++t) {
    Values scores(static_cast<size_t>(visible(t)));
    double top = -INFINITY, total = 0.0;
    for (size_t n = 0; n < scores.size(); ++n) {
      for (int64_t d = 0; d < width; ++d) scores[n] += queries[t * width + d] * keys[n * width + d];
      scores[n] /= std::sqrt(static_cast<double>(width));
      top = std::max(top, scores[n]);
    }
    for (double& score : scores) total += score = std::exp(score - top);
    for (size_t n = 0; n < scores.size(); ++n) {
      for (int64_t d = 0; d < width; ++d) out[t * width + d] += scores[n] / total * values[n * width + d];
    }
  }
  return out;
}

// Columns [head * width, (head + 1) * width) of a [T, heads * width] matrix.
inline Values head_of(const Values& x, int64_t heads, int64_t head, int64_t width) {
  Values out;
  for (size_t row = 0; row < x.size(); row += static_cast<size_t>(heads * width)) {
    out.insert(out.end(), x.begin() + static_cast<int64_t>(row) + head * width,
               x.begin() + static_cast<int64_t>(row) + (head + 1) * width);
  }
  return out;
}

// x [B, h, w, C], weight [F, C, kh, kw] -> [B, h', w', F].
inline Values conv2d(const Values& x, const Shape& in, const Values& weight, const Shape& kernel,
                     const Values& bias, const Conv2dOptions& options) {
  const int64_t height = (in[1] + options.pad_top + options.pad_bottom - kernel[2]) / options.stride + 1;
  const int64_t width = (in[2] + options.pad_left + options.pad_right - kernel[3]) / options.stride + 1;
  Values out;
  for (int64_t i = 0; i < in[0] * height * width * kernel[0]; ++i) {
    const int64_t f = i % kernel[0], ox = i / kernel[0] % width, oy = i / kernel[0] / width % height;
    const int64_t b = i / kernel[0] / width / height;
    double total = bias.empty() ? 0.0 : bias[f];
    for (int64_t ky = 0; ky < kernel[2]; ++ky) {
      for (int64_t kx = 0; kx < kernel[3]; ++kx) {
        const int64_t y = oy * options.stride - options.pad_top + ky,
                      left = ox * options.stride - options.pad_left + kx;
        if (y < 0 || y >= in[1] || left < 0 || left >= in[2]) continue;
        for (int64_t c = 0; c < in[3]; ++c) {
          total += x[((b * in[1] + y) * in[2] + left) * in[3] + c] *
                   weight[((f * kernel[1] + c) * kernel[2] + ky) * kernel[3] + kx];
        }
      }
    }
    out.push_back(total);
  }
  return out;
}

}  // namespace janus::oracle
