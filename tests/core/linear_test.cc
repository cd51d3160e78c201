#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/oracle.h"

namespace janus {
namespace {

// Weight type, then batch, tokens, depth, width.
using Case = std::tuple<DType, std::array<int64_t, 4>>;

class Linear : public testing::TestWithParam<Case> {};

TEST_P(Linear, EqualsOracle) {
  const auto [dtype, sizes] = GetParam();
  const auto [batch, tokens, depth, width] = sizes;
  const std::shared_ptr<Device> device = oracle::test_device();
  const Tensor x = oracle::random_tensor(*device, Shape{batch, tokens, depth}, 1);
  const float scale = 1.0F / std::sqrt(static_cast<float>(depth));
  const Tensor weight = oracle::random_tensor(*device, Shape{width, depth}, 2, dtype, scale);
  const Tensor bias = oracle::random_tensor(*device, Shape{width}, 3);
  const oracle::Values expected =
      oracle::linear(oracle::widen(x), oracle::widen(weight), oracle::widen(bias), depth);
  const oracle::Tolerance tolerance =
      is_quantized(dtype) && tokens == 1 ? oracle::kRoundedProduct : oracle::product_tolerance(dtype);
  oracle::expect_near(ops::linear(x, weight, bias), expected, tolerance, "dense");
  const Tensor spaced = oracle::with_spaced_rows(weight, is_quantized(dtype) ? 256 : 5);
  oracle::expect_near(ops::linear(x, spaced, bias), expected, tolerance, "spaced rows");
  oracle::expect_near(ops::linear(x, weight),
                      oracle::linear(oracle::widen(x), oracle::widen(weight), {}, depth), tolerance,
                      "no bias");
}

// Activations as they come after a norm: a few numbers hundreds of times as large as the others.
TEST(LinearQuantized, StandsOutliers) {
  const std::shared_ptr<Device> device = oracle::test_device();
  constexpr int64_t kRows = 2, kDepth = 2048, kWidth = 64;
  std::vector<float> values = oracle::random_values(kRows * kDepth, 1);
  for (size_t i = 100; i < values.size(); i += 700) values[i] = 300.0F;
  const Tensor x = ops::from_host(*device, values, Shape{kRows, 1, kDepth});
  for (const DType dtype : {DType::q8_0, DType::q6_k, DType::q5_k, DType::q4_k}) {
    const Tensor weight = oracle::random_tensor(*device, Shape{kWidth, kDepth}, 2, dtype);
    const oracle::Values expected = oracle::linear(oracle::widen(x), oracle::widen(weight), {}, kDepth);
    const std::vector<float> found = ops::to_host(ops::linear(x, weight));
    double wrong = 0.0, all = 0.0;
    for (size_t i = 0; i < found.size(); ++i) {
      wrong += std::pow(found[i] - expected[i], 2);
      all += std::pow(expected[i], 2);
    }
    EXPECT_TRUE(wrong <= 2e-8 * all) << name_of(dtype) << " " << std::sqrt(wrong / all);
  }
}

TEST(LinearQuantized, KeepsNan) {
  const std::shared_ptr<Device> device = oracle::test_device();
  std::vector<float> values(512, 1.0F);
  values[300] = NAN;
  const Tensor x = ops::from_host(*device, values, Shape{1, 1, 512});
  for (const DType dtype : {DType::q8_0, DType::q6_k, DType::q5_k, DType::q4_k}) {
    const Tensor weight = oracle::random_tensor(*device, Shape{3, 512}, 2, dtype);
    for (const float y : ops::to_host(ops::linear(x, weight))) EXPECT_TRUE(std::isnan(y)) << name_of(dtype);
  }
}

// Blocks of 32 alone, so that rows need not be a multiple of 256.
INSTANTIATE_TEST_SUITE_P(ShortBlocks, Linear,
                         testing::Combine(testing::Values(DType::q8_0),
                                          testing::Values(std::array<int64_t, 4>{1, 1, 32, 3},
                                                          std::array<int64_t, 4>{2, 1, 96, 33},
                                                          std::array<int64_t, 4>{5, 1, 544, 17},
                                                          std::array<int64_t, 4>{3, 5, 608, 29})));

INSTANTIATE_TEST_SUITE_P(
    Shapes, Linear,
    testing::Combine(
        testing::Values(DType::f32, DType::f16, DType::bf16),
        testing::Values(std::array<int64_t, 4>{1, 1, 1, 1}, std::array<int64_t, 4>{1, 1, 7, 5},
                        std::array<int64_t, 4>{2, 1, 64, 33}, std::array<int64_t, 4>{3, 1, 100, 17},
                        std::array<int64_t, 4>{8, 1, 96, 40}, std::array<int64_t, 4>{11, 1, 130, 19},
                        std::array<int64_t, 4>{2, 1, 2048, 515}, std::array<int64_t, 4>{1, 1, 5632, 130},
                        std::array<int64_t, 4>{1, 2, 1, 1}, std::array<int64_t, 4>{1, 3, 7, 5},
                        std::array<int64_t, 4>{2, 13, 65, 47}, std::array<int64_t, 4>{1, 40, 513, 70},
                        std::array<int64_t, 4>{1, 25, 1100, 300}, std::array<int64_t, 4>{3, 30, 2048, 64})));

INSTANTIATE_TEST_SUITE_P(
    Quantized, Linear,
    testing::Combine(
        testing::Values(DType::q8_0, DType::q6_k, DType::q5_k, DType::q4_k),
        testing::Values(std::array<int64_t, 4>{1, 1, 256, 1}, std::array<int64_t, 4>{2, 1, 512, 33},
                        std::array<int64_t, 4>{3, 1, 768, 17}, std::array<int64_t, 4>{4, 1, 256, 70},
                        std::array<int64_t, 4>{5, 1, 1024, 9}, std::array<int64_t, 4>{6, 1, 512, 40},
                        std::array<int64_t, 4>{7, 1, 256, 19}, std::array<int64_t, 4>{8, 1, 2048, 130},
                        std::array<int64_t, 4>{11, 1, 512, 515}, std::array<int64_t, 4>{1, 1, 5632, 64},
                        std::array<int64_t, 4>{1, 2, 256, 1}, std::array<int64_t, 4>{2, 13, 512, 47},
                        std::array<int64_t, 4>{1, 40, 2048, 300})));

}  // namespace
}  // namespace janus
