#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "tests/support/oracle.h"

namespace janus {
namespace {

struct ConvCase {
  DType dtype;
  Shape input, kernel;
  Conv2dOptions options;
  oracle::Tolerance tolerance = oracle::kProduct;
};

void PrintTo(const ConvCase& c, std::ostream* out) {
  *out << name_of(c.dtype) << " " << c.input.to_string() << " * " << c.kernel.to_string() << " stride "
       << c.options.stride;
}

// On tensor cores there is another, whatever the case.
oracle::Tolerance product_tolerance(const ConvCase& c) {
  return oracle::traits().splits_activations && c.dtype != DType::f32 ? oracle::kSplitProduct : c.tolerance;
}

class Conv2d : public testing::TestWithParam<ConvCase> {};

TEST_P(Conv2d, EqualsOracle) {
  const ConvCase& c = GetParam();
  const std::shared_ptr<Device> device = oracle::test_device();
  const Tensor x = oracle::random_tensor(*device, c.input, 1);
  const float scale = 1.0F / std::sqrt(static_cast<float>(c.kernel[1] * c.kernel[2] * c.kernel[3]));
  const Tensor weight = oracle::random_tensor(*device, c.kernel, 2, c.dtype, scale);
  const Tensor bias = oracle::random_tensor(*device, Shape{c.kernel[0]}, 3);
  const oracle::Values wide = oracle::widen(weight);
  oracle::expect_near(
      ops::conv2d(x, weight, bias, c.options),
      oracle::conv2d(oracle::widen(x), c.input, wide, c.kernel, oracle::widen(bias), c.options),
      product_tolerance(c), "with bias");
  oracle::expect_near(ops::conv2d(x, weight, {}, c.options),
                      oracle::conv2d(oracle::widen(x), c.input, wide, c.kernel, {}, c.options),
                      product_tolerance(c), "without bias");
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Conv2d,
    testing::Values(ConvCase{DType::f32, {1, 1, 1, 1}, {1, 1, 1, 1}, {}},
                    ConvCase{DType::f32, {1, 1, 1, 3}, {5, 3, 3, 3}, kSamePadding3x3},
                    ConvCase{DType::bf16, {2, 5, 7, 3}, {4, 3, 3, 3}, kSamePadding3x3},
                    ConvCase{DType::f16, {1, 9, 6, 20}, {33, 20, 3, 3}, kSamePadding3x3, oracle::kWinograd},
                    ConvCase{DType::f32, {1, 8, 8, 8}, {32, 8, 3, 3}, {2, 0, 0, 1, 1}},
                    ConvCase{DType::f32, {1, 7, 9, 5}, {9, 5, 2, 4}, {3, 2, 0, 1, 3}},
                    ConvCase{DType::bf16, {1, 32, 48, 3}, {64, 3, 16, 16}, {16, 0, 0, 0, 0}},
                    ConvCase{DType::f32, {1, 24, 24, 8}, {256, 8, 1, 1}, {}},
                    ConvCase{DType::f32, {1, 3, 3, 2}, {12, 2, 5, 5}, {1, 4, 4, 4, 4}},
                    ConvCase{DType::f32, {2, 13, 10, 16}, {24, 16, 3, 3}, {2, 0, 0, 1, 1}},
                    ConvCase{DType::f16, {1, 9, 11, 32}, {17, 32, 5, 3}, {1, 2, 1, 3, 0}},
                    ConvCase{DType::f32, {1, 6, 6, 16}, {20, 16, 3, 3}, {1, 3, 3, 3, 3}},
                    ConvCase{
                        DType::bf16, {1, 24, 24, 128}, {128, 128, 3, 3}, kSamePadding3x3, oracle::kWinograd},
                    ConvCase{DType::bf16, {2, 11, 7, 96}, {70, 96, 1, 1}, {}},
                    ConvCase{DType::f16, {1, 23, 9, 64}, {40, 64, 3, 3}, {2, 0, 0, 1, 1}},
                    ConvCase{DType::bf16, {1, 7, 9, 32}, {33, 32, 2, 4}, {3, 2, 0, 1, 3}},
                    ConvCase{DType::bf16, {2, 66, 66, 32}, {130, 32, 2, 1}, {}},
                    ConvCase{DType::bf16, {1, 40, 24, 128}, {3, 128, 3, 3}, kSamePadding3x3}));

// On a GPU a large image is made in other tiles than a part of it, of the same bits.
TEST(ConvTiles, APixelDependsOnWhatItsKernelSeesAlone) {
  if (!oracle::traits().splits_activations) GTEST_SKIP() << "a GPU's tiles";
  const std::shared_ptr<Device> device = oracle::test_device();
  constexpr int64_t kWidth = 66, kChannels = 32, kFilters = 130, kRows = 8;
  const std::vector<float> values = oracle::random_values(2 * 66 * kWidth * kChannels, 1);
  const auto part = std::span(values).first((kRows + 1) * kWidth * kChannels);
  const Tensor all = ops::from_host(*device, values, Shape{2, 66, kWidth, kChannels});
  const Tensor some = ops::from_host(*device, part, Shape{1, kRows + 1, kWidth, kChannels});
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const Tensor weight = oracle::random_tensor(*device, Shape{kFilters, kChannels, 2, 1}, 2, dtype, 0.125F);
    const std::vector<float> large = ops::to_host(ops::conv2d(all, weight, {}, {}));
    const std::vector<float> small = ops::to_host(ops::conv2d(some, weight, {}, {}));
    ASSERT_EQ(small.size(), static_cast<size_t>(kRows * kWidth * kFilters));
    EXPECT_TRUE(std::equal(small.begin(), small.end(), large.begin())) << name_of(dtype);
  }
}

// With what a device may fuse around it: the norm and silu before, the residual after, the enlarging.
TEST(FusedConv2d, EqualsOracle) {
  const std::shared_ptr<Device> device = oracle::test_device();
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    for (const auto& [channels, filters] : {std::pair<int64_t, int64_t>{64, 48}, {24, 16}, {128, 3}}) {
      const Shape in{2, 10, 13, channels}, kernel{filters, channels, 3, 3};
      const Tensor x = oracle::random_tensor(*device, in, 1, DType::f32, 2.0F, 1.0F);
      const GroupNormOptions norm{.weight = oracle::random_tensor(*device, Shape{channels}, 2),
                                  .bias = oracle::random_tensor(*device, Shape{channels}, 3),
                                  .groups = 8};
      const float scale = 1.0F / std::sqrt(static_cast<float>(9 * channels));
      const Tensor weight = oracle::random_tensor(*device, kernel, 4, dtype, scale);
      const Tensor bias = oracle::random_tensor(*device, Shape{filters}, 5);
      const oracle::Values normed =
          oracle::group_norm(oracle::widen(x), oracle::widen(norm.weight), oracle::widen(norm.bias), 130, 8,
                             static_cast<double>(norm.eps), true);
      oracle::Values expected =
          oracle::conv2d(normed, in, oracle::widen(weight), kernel, oracle::widen(bias), kSamePadding3x3);
      const std::string what = std::string(name_of(dtype)) + " " + std::to_string(channels);
      oracle::expect_near(ops::silu_conv2d(x, norm, weight, bias, kSamePadding3x3), expected,
                          oracle::kWinograd, what);
      const Tensor residual = oracle::random_tensor(*device, Shape{2, 10, 13, filters}, 6);
      const oracle::Values added = oracle::widen(residual);
      for (size_t i = 0; i < expected.size(); ++i) expected[i] += added[i];
      oracle::expect_near(ops::silu_conv2d(x, norm, weight, bias, kSamePadding3x3, residual), expected,
                          oracle::kWinograd, what + " with residual");
      const Tensor small = oracle::random_tensor(*device, in, 7), large = ops::upsample_nearest2x(small);
      oracle::expect_near(ops::upsample_conv3x3(small, weight, bias),
                          oracle::conv2d(oracle::widen(large), large.shape(), oracle::widen(weight), kernel,
                                         oracle::widen(bias), kSamePadding3x3),
                          oracle::kWinograd, what + " enlarged");
    }
  }
}

TEST(Upsample, RepeatsEveryPixel) {
  const std::shared_ptr<Device> device = oracle::test_device();
  const Tensor x = oracle::random_tensor(*device, Shape{2, 3, 5, 7}, 1);
  const oracle::Values from = oracle::widen(x);
  oracle::Values expected;
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t y = 0; y < 6; ++y) {
      for (int64_t i = 0; i < 10 * 7; ++i) {
        expected.push_back(from[((b * 3 + y / 2) * 5 + i / 7 / 2) * 7 + i % 7]);
      }
    }
  }
  oracle::expect_near(ops::upsample_nearest2x(x), expected, oracle::kExact, "upsample");
}

}  // namespace
}  // namespace janus
