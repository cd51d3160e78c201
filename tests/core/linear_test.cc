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
  const oracle::Tolerance tolerance = oracle::linear_tolerance(dtype, tokens);
  oracle::expect_near(ops::linear(x, weight, bias), expected, tolerance, "dense");
  const Tensor ordered = ops::in_preferred_layout(weight);
  oracle::expect_near(ops::linear(x, ordered, bias), expected, tolerance, "as the device likes it");
  const Tensor spaced = oracle::with_spaced_rows(weight, is_quantized(dtype) ? 256 : 5);
  oracle::expect_near(ops::linear(x, spaced, bias), expected, tolerance, "spaced rows");
  oracle::expect_near(ops::linear(x, weight),
                      oracle::linear(oracle::widen(x), oracle::widen(weight), {}, depth), tolerance,
                      "no bias");
}

// What rounding the activations to whole numbers of 16 bits may lose, from the format alone: those of a run
// of 256 are multiples of top / 32639 (the largest one that every kernel reaches), each wrong by at most half
// of that, and evenly spread between. So a product's squared error is on average the sum over the runs of
// (top / 32639)^2 / 12 * sum of w^2.
double mean_square_of_rounding(std::span<const float> x, std::span<const double> weight) {
  double total = 0.0;
  for (size_t run = 0; run < x.size(); run += 256) {
    double top = 0.0, squares = 0.0;
    for (size_t k = run; k < std::min(x.size(), run + 256); ++k) {
      top = std::max(top, std::abs(static_cast<double>(x[k])));
      squares += weight[k] * weight[k];
    }
    total += std::pow(top / 32639.0, 2) / 12.0 * squares;
  }
  return total;
}

// Activations as they come after a norm: a few numbers hundreds of times as large as the others. The mean
// over 128 results may be twice the expected one: the error of one is a sum of thousands, so nearly normal,
// and the mean square of 128 of them is 12 % wide.
TEST(LinearQuantized, LosesWhatRoundingTo16BitsLoses) {
  const std::shared_ptr<Device> device = oracle::test_device();
  constexpr int64_t kRows = 2, kDepth = 2048, kWidth = 64;
  for (const auto& [outlier, many] :
       {std::pair{1.0F, false}, {300.0F, false}, {1.0F, true}, {300.0F, true}}) {
    std::vector<float> values = oracle::random_values(kRows * kDepth, 1);
    for (size_t i = 100; i < values.size(); i += 700) values[i] = outlier;
    const Tensor x =
        ops::from_host(*device, values, many ? Shape{1, kRows, kDepth} : Shape{kRows, 1, kDepth});
    for (const DType dtype : block_types()) {
      const Tensor stored = oracle::random_tensor(*device, Shape{kWidth, kDepth}, 2, dtype);
      const oracle::Values weight = oracle::widen(stored);
      const oracle::Values expected = oracle::linear(oracle::widen(x), weight, {}, kDepth);
      double allowed = 0.0;
      for (int64_t i = 0; i < kRows * kWidth; ++i) {
        allowed += 2.0 * mean_square_of_rounding(std::span(values).subspan(i / kWidth * kDepth, kDepth),
                                                 std::span(weight).subspan(i % kWidth * kDepth, kDepth));
      }
      for (const Tensor& w : {stored, ops::in_preferred_layout(stored)}) {
        const std::vector<float> found = ops::to_host(ops::linear(x, w));
        double wrong = 0.0;
        for (size_t i = 0; i < found.size(); ++i) wrong += std::pow(found[i] - expected[i], 2);
        EXPECT_TRUE(wrong <= allowed) << name_of(dtype) << ", outliers of " << outlier
                                      << (many ? ", many rows: " : ": ") << wrong << " of " << allowed;
      }
    }
  }
}

TEST(LinearQuantized, KeepsNan) {
  const std::shared_ptr<Device> device = oracle::test_device();
  std::vector<float> values(512, 1.0F);
  values[300] = NAN;
  const Tensor x = ops::from_host(*device, values, Shape{1, 1, 512});
  for (const DType dtype : block_types()) {
    const Tensor stored = oracle::random_tensor(*device, Shape{3, 512}, 2, dtype);
    for (const Tensor& weight : {stored, ops::in_preferred_layout(stored)}) {
      for (const float y : ops::to_host(ops::linear(x, weight))) EXPECT_TRUE(std::isnan(y)) << name_of(dtype);
    }
  }
}

// A row of zeros, one with a NaN, one with an infinity, one of small numbers and one of large ones: each
// alone has to show it.
TEST(LinearQuantized, ManyRowsOfAllSizes) {
  const std::shared_ptr<Device> device = oracle::test_device();
  constexpr int64_t kRows = 9, kDepth = 512, kWidth = 35;
  std::vector<float> values = oracle::random_values(kRows * kDepth, 1);
  const auto row = [&](int64_t r) { return std::span(values).subspan(r * kDepth, kDepth); };
  std::ranges::fill(row(1), 0.0F);
  row(2)[300] = NAN;
  row(4)[7] = INFINITY;
  for (float& v : row(5)) v *= 1e-20F;
  for (float& v : row(7)) v *= 1e30F;
  const Tensor x = ops::from_host(*device, values, Shape{1, kRows, kDepth});
  for (const DType dtype : block_types()) {
    const Tensor stored = oracle::random_tensor(*device, Shape{kWidth, kDepth}, 2, dtype, 0.044F);
    const oracle::Values expected = oracle::linear(oracle::widen(x), oracle::widen(stored), {}, kDepth);
    for (const Tensor& weight : {stored, ops::in_preferred_layout(stored)}) {
      const std::vector<float> found = ops::to_host(ops::linear(x, weight));
      for (int64_t i = 0; i < kRows * kWidth; ++i) {
        const int64_t r = i / kWidth;
        const double size = r == 1 ? 0.0 : r == 5 ? 1e-20 : r == 7 ? 1e30 : 1.0;
        const bool right = r == 2 || r == 4
                               ? !std::isfinite(found[i])
                               : std::abs(found[i] - expected[i]) <= oracle::kRoundedProduct.absolute * size;
        EXPECT_TRUE(right) << name_of(dtype) << " row " << r << ": " << found[i] << ", " << expected[i];
      }
    }
  }
}

// Blocks of 32, whose rows need not be a multiple of 256.
std::vector<DType> types_of_short_blocks() {
  std::vector<DType> types;
  for (const DType type : block_types()) {
    if (format_of(type).block == 32) types.push_back(type);
  }
  return types;
}

INSTANTIATE_TEST_SUITE_P(ShortBlocks, Linear,
                         testing::Combine(testing::ValuesIn(types_of_short_blocks()),
                                          testing::Values(std::array<int64_t, 4>{1, 1, 32, 3},
                                                          std::array<int64_t, 4>{2, 1, 96, 33},
                                                          std::array<int64_t, 4>{5, 1, 544, 17},
                                                          std::array<int64_t, 4>{3, 5, 608, 29},
                                                          std::array<int64_t, 4>{1, 2, 32, 3},
                                                          std::array<int64_t, 4>{2, 37, 288, 70})));

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
        testing::ValuesIn(block_types().begin(), block_types().end()),
        testing::Values(std::array<int64_t, 4>{1, 1, 256, 1}, std::array<int64_t, 4>{2, 1, 512, 33},
                        std::array<int64_t, 4>{3, 1, 768, 17}, std::array<int64_t, 4>{4, 1, 256, 70},
                        std::array<int64_t, 4>{5, 1, 1024, 9}, std::array<int64_t, 4>{6, 1, 512, 40},
                        std::array<int64_t, 4>{7, 1, 256, 19}, std::array<int64_t, 4>{8, 1, 2048, 130},
                        std::array<int64_t, 4>{11, 1, 512, 515}, std::array<int64_t, 4>{1, 1, 5632, 64},
                        std::array<int64_t, 4>{1, 2, 256, 1}, std::array<int64_t, 4>{2, 13, 512, 47},
                        std::array<int64_t, 4>{1, 40, 2048, 300}, std::array<int64_t, 4>{1, 7, 5632, 31},
                        std::array<int64_t, 4>{5, 211, 256, 17})));

}  // namespace
}  // namespace janus
