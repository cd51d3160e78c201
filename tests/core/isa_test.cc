// The kernels of every instruction set that this processor has, not the fastest alone.
#include "tests/support/isa.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/quant/quantize.h"

namespace janus {
namespace {

TEST_P(Isa, IsTheOneAskedFor) { EXPECT_NE(device_->description().find(GetParam()), std::string::npos); }

TEST_P(Isa, Linear) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const Shape& shape :
         {Shape{1, 1, 333}, Shape{2, 1, 1024}, Shape{9, 1, 70}, Shape{1, 29, 333}, Shape{2, 50, 600}}) {
      const int64_t depth = shape.back();
      const Tensor x = random(shape, 1);
      const Tensor weight = random(Shape{77, depth}, 2, dtype, 1.0F / std::sqrt(static_cast<float>(depth)));
      oracle::expect_near(
          ops::linear(x, weight), oracle::linear(oracle::widen(x), oracle::widen(weight), {}, depth),
          device_->traits().splits_activations ? oracle::tile_tolerance(dtype) : oracle::kProduct,
          std::string(name_of(dtype)) + " " + shape.to_string());
    }
  }
}

TEST_P(Isa, LinearQuantized) {
  for (const DType dtype : block_types()) {
    for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 11}) {
      const Tensor x = random(Shape{rows, 1, 768}, 1), weight = random(Shape{29, 768}, 2, dtype, 0.036F);
      oracle::expect_near(ops::linear(x, weight),
                          oracle::linear(oracle::widen(x), oracle::widen(weight), {}, 768),
                          oracle::kRoundedProduct, std::string(name_of(dtype)) + " " + std::to_string(rows));
    }
    const Tensor x = random(Shape{1, 19, 768}, 1), weight = random(Shape{77, 768}, 2, dtype, 0.036F);
    oracle::expect_near(ops::linear(x, weight),
                        oracle::linear(oracle::widen(x), oracle::widen(weight), {}, 768),
                        oracle::kRoundedProduct, std::string(name_of(dtype)) + ", many rows");
  }
}

// Weights as models keep them, on random shapes, against the numbers of the blocks as stored.
TEST_P(Isa, LinearInProductType) {
  std::mt19937 generator(5);
  for (const DType dtype : block_types()) {
    for (int round = 0; round < 12; ++round) {
      const auto pick = [&](int64_t most) { return static_cast<int64_t>(generator()) % most + 1; };
      const int64_t rows = pick(round % 2 == 0 ? 11 : 90), depth = 256 * pick(9), width = pick(70);
      const float scale = 1.0F / std::sqrt(static_cast<float>(depth));
      const Tensor stored = random(Shape{width, depth}, static_cast<uint32_t>(generator()), dtype, scale);
      const Tensor weight = ops::in_preferred_layout(stored);
      const std::string what = fmt::format("{}, {} rows of {} by {}", name_of(dtype), rows, depth, width);
      oracle::expect_same(ops::convert(weight, DType::f32), ops::convert(stored, DType::f32), what);
      const Tensor x = random(Shape{rows, 1, depth}, 7), bias = random(Shape{width}, 8);
      oracle::expect_near(ops::linear(x, weight, bias),
                          oracle::linear(oracle::widen(x), oracle::widen(stored), oracle::widen(bias), depth),
                          oracle::kRoundedProduct, what);
      oracle::expect_near(ops::linear(x.reshape(Shape{1, rows, depth}), weight, bias),
                          oracle::linear(oracle::widen(x), oracle::widen(stored), oracle::widen(bias), depth),
                          oracle::kRoundedProduct, what + ", many rows");
    }
  }
}

// The same bits as the plain code of core/quant/quantize.h, both ways.
TEST_P(Isa, Quantized) {
  const Tensor x = random(Shape{5, 1024}, 3, DType::f32, 0.02F);
  const std::vector<float> values = ops::to_host(x);
  for (const DType dtype : block_types()) {
    const Tensor blocks = ops::convert(x, dtype);
    std::vector<std::byte> expected(blocks.bytes());
    quantize(dtype, values.data(), x.elements(), expected.data());
    ASSERT_EQ(std::memcmp(blocks.raw(), expected.data(), expected.size()), 0) << name_of(dtype);
    std::vector<float> wide(values.size());
    dequantize(dtype, expected.data(), x.elements(), wide.data());
    oracle::expect_same(ops::convert(blocks, DType::f32), ops::from_host(*device_, wide, x.shape()),
                        name_of(dtype));
    const std::vector<int32_t> ids{4, 0, 2, 4};
    oracle::expect_same(ops::embedding(blocks, ids), ops::embedding(ops::convert(blocks, DType::f32), ids),
                        name_of(dtype));
  }
}

TEST_P(Isa, Attention) {
  const Tensor q = random(Shape{1, 117, 2 * 40}, 1), k = random(q.shape(), 2), v = random(q.shape(), 3);
  const oracle::Values out = oracle::widen(ops::attention(q, k, v, 2));
  for (int64_t h = 0; h < 2; ++h) {
    const auto head = [&](const oracle::Values& x) { return oracle::head_of(x, 2, h, 40); };
    const oracle::Values found = head(out);
    oracle::expect_near(std::vector<float>(found.begin(), found.end()),
                        oracle::attention(head(oracle::widen(q)), head(oracle::widen(k)),
                                          head(oracle::widen(v)), 40, [](int64_t) { return 117; }),
                        oracle::kAttention, "head");
  }
}

TEST_P(Isa, CachedAttentionOfOneToken) {
  const std::vector<int32_t> starts{0}, positions{90};
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const CacheView cache{random(Shape{1, 91, 72}, 1, dtype), random(Shape{1, 91, 72}, 2, dtype), starts,
                          positions};
    const Tensor q = random(Shape{1, 1, 72}, 3);
    oracle::expect_near(ops::cached_attention(q, 1, cache),
                        oracle::attention(oracle::widen(q), oracle::widen(cache.keys),
                                          oracle::widen(cache.values), 72, [](int64_t) { return 91; }),
                        oracle::kAttention, name_of(dtype));
  }
}

TEST_P(Isa, Norms) {
  const Tensor x = random(Shape{3, 5, 7, 72}, 1), weight = random(Shape{72}, 2), bias = random(Shape{72}, 3);
  const oracle::Values wide = oracle::widen(x), w = oracle::widen(weight), b = oracle::widen(bias);
  oracle::expect_near(ops::rms_norm(x, weight, 1e-6F), oracle::rms_norm(wide, w, 1e-6), oracle::kNorm,
                      "rms_norm");
  oracle::expect_near(ops::layer_norm(x, weight, bias, 1e-6F), oracle::layer_norm(wide, w, b, 1e-6),
                      oracle::kNorm, "layer_norm");
  oracle::expect_near(ops::group_norm(x, weight, bias, 6, 1e-6F, true),
                      oracle::group_norm(wide, w, b, 35, 6, 1e-6, true), oracle::kNorm, "group_norm");
}

TEST_P(Isa, DepthwiseConvolution) {
  const Conv2dOptions same{.stride = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  const Tensor x = random(Shape{1, 5, 4, 37}, 1), weight = random(Shape{37, 1, 3, 3}, 2);
  // A full filter that sees its own channel alone.
  const std::vector<float> taps = ops::to_host(weight);
  oracle::Values full(37 * 37 * 9);
  for (size_t c = 0; c < 37; ++c) std::copy_n(taps.begin() + c * 9, 9, full.begin() + (c * 37 + c) * 9);
  oracle::expect_near(ops::depthwise_conv2d(x, weight, {}, same),
                      oracle::conv2d(oracle::widen(x), x.shape(), full, Shape{37, 37, 3, 3}, {}, same),
                      oracle::kProduct, "depthwise_conv2d");
}

TEST_P(Isa, ElementByElement) {
  const Tensor x = random(Shape{999}, 1, DType::f32, 4.0F), up = random(Shape{999}, 2);
  oracle::Values gelu = oracle::widen(x), swiglu = gelu;
  const oracle::Values wide_up = oracle::widen(up);
  for (double& v : gelu) v = v * 0.5 * std::erfc(-v / std::sqrt(2.0));
  for (size_t i = 0; i < swiglu.size(); ++i) swiglu[i] = oracle::silu(swiglu[i]) * wide_up[i];
  oracle::expect_near(ops::gelu_erf(x), gelu, oracle::kElementwise, "gelu_erf");
  oracle::expect_near(ops::swiglu(x, up), swiglu, oracle::kElementwise, "swiglu");
}

TEST_P(Isa, WidensEveryF16) {
  std::vector<uint16_t> bits(65536);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  const std::vector<float> wide =
      ops::to_host(Tensor::wrap(*device_, DType::f16, Shape{65536}, bits.data(), nullptr));
  for (uint32_t i = 0; i < 65536; ++i) {
    const int exponent = static_cast<int>(i >> 10) & 31, fraction = static_cast<int>(i) & 1023;
    const double magnitude = exponent == 31  ? (fraction == 0 ? INFINITY : NAN)
                             : exponent == 0 ? std::ldexp(fraction, -24)
                                             : std::ldexp(1024 + fraction, exponent - 25);
    const double expected = i >> 15 ? -magnitude : magnitude;
    ASSERT_TRUE(static_cast<double>(wide[i]) == expected || (std::isnan(wide[i]) && std::isnan(expected)))
        << i;
  }
}

TEST_P(Isa, Conv2d) {
  const Shape in{1, 11, 9, 24}, kernel{37, 24, 3, 3};
  const Tensor x = random(in, 1), weight = random(kernel, 2, DType::bf16, 0.07F);
  oracle::expect_near(
      ops::conv2d(x, weight, {}, {2, 1, 1, 1, 1}),
      oracle::conv2d(oracle::widen(x), in, oracle::widen(weight), kernel, {}, {2, 1, 1, 1, 1}),
      oracle::kProduct, "conv2d");
}

INSTANTIATE_TEST_SUITE_P(All, Isa, every_isa(), name_of_isa);

TEST(IsaChoice, UnknownNameIsAnError) {
  setenv("JANUS_ISA", "mmx", 1);
  EXPECT_THROW(open_device("cpu"), Error);
  unsetenv("JANUS_ISA");
}

}  // namespace
}  // namespace janus
