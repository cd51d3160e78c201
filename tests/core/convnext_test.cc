// The operations of ConvNeXt blocks.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

struct DepthwiseCase {
  DType dtype;
  Shape input;
  int64_t kernel;
  Conv2dOptions options;
};

void PrintTo(const DepthwiseCase& c, std::ostream* out) {
  *out << name_of(c.dtype) << " " << c.input.to_string() << " by " << c.kernel;
}

class DepthwiseConv2d : public testing::TestWithParam<DepthwiseCase> {};

// Each channel is a convolution of its own.
TEST_P(DepthwiseConv2d, EqualsConvolutionsOfOneChannel) {
  const DepthwiseCase& c = GetParam();
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 2});
  const int64_t channels = c.input[3], pixels = c.input.elements() / channels;
  const Tensor x = oracle::random_tensor(*device, c.input, 1);
  const Shape shape{channels, 1, c.kernel, c.kernel};
  const Tensor weight =
      oracle::random_tensor(*device, shape, 2, c.dtype, 1.0F / static_cast<float>(c.kernel));
  const Tensor bias = oracle::random_tensor(*device, Shape{channels}, 3);
  const oracle::Values wide = oracle::widen(x), taps = oracle::widen(weight), biases = oracle::widen(bias);
  const Tensor found = ops::depthwise_conv2d(x, weight, bias, c.options);
  oracle::Values expected(static_cast<size_t>(found.elements()));
  const int64_t window = c.kernel * c.kernel;
  for (int64_t channel = 0; channel < channels; ++channel) {
    oracle::Values plane(static_cast<size_t>(pixels));
    for (int64_t i = 0; i < pixels; ++i) plane[i] = wide[i * channels + channel];
    const oracle::Values own(taps.begin() + channel * window, taps.begin() + (channel + 1) * window);
    const oracle::Values made = oracle::conv2d(plane, Shape{c.input[0], c.input[1], c.input[2], 1}, own,
                                               Shape{1, 1, c.kernel, c.kernel}, {biases[channel]}, c.options);
    for (size_t i = 0; i < made.size(); ++i) expected[i * channels + channel] = made[i];
  }
  oracle::expect_near(found, expected, oracle::kProduct, "with bias");
  for (size_t i = 0; i < expected.size(); ++i) expected[i] -= biases[i % channels];
  oracle::expect_near(ops::depthwise_conv2d(x, weight, {}, c.options), expected, oracle::kProduct,
                      "without bias");
}

constexpr Conv2dOptions kSame7x7{.stride = 1, .pad_top = 3, .pad_left = 3, .pad_bottom = 3, .pad_right = 3};
INSTANTIATE_TEST_SUITE_P(Shapes, DepthwiseConv2d,
                         testing::Values(DepthwiseCase{DType::f32, {1, 1, 1, 1}, 7, kSame7x7},
                                         DepthwiseCase{DType::bf16, {2, 6, 5, 20}, 7, kSame7x7},
                                         DepthwiseCase{DType::f16, {1, 24, 24, 96}, 7, kSame7x7},
                                         DepthwiseCase{DType::f32, {1, 9, 8, 17}, 3, {2, 0, 0, 1, 1}}));

TEST(GlobalResponseNorm, EqualsItsFormula) {
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 2});
  for (const Shape& shape :
       {Shape{1, 1, 1, 1}, Shape{2, 6, 5, 80}, Shape{1, 24, 24, 67}, Shape{2, 2, 3, 1032}}) {
    const int64_t channels = shape[3], pixels = shape[1] * shape[2];
    const Tensor x = oracle::random_tensor(*device, shape, 1, DType::f32, 2.0F, 0.5F);
    const Tensor weight = oracle::random_tensor(*device, Shape{channels}, 2);
    const Tensor bias = oracle::random_tensor(*device, Shape{channels}, 3);
    const oracle::Values wide = oracle::widen(x), w = oracle::widen(weight), b = oracle::widen(bias);
    oracle::Values expected(wide.size());
    for (int64_t image = 0; image < shape[0]; ++image) {
      const size_t first = static_cast<size_t>(image * pixels * channels);
      oracle::Values length(static_cast<size_t>(channels));
      double mean = 0;
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t p = 0; p < pixels; ++p) length[c] += std::pow(wide[first + p * channels + c], 2);
        length[c] = std::sqrt(length[c]);
        mean += length[c] / static_cast<double>(channels);
      }
      for (int64_t i = 0; i < pixels * channels; ++i) {
        const int64_t c = i % channels;
        expected[first + i] = b[c] + (w[c] * length[c] / (mean + 1e-6) + 1) * wide[first + i];
      }
    }
    oracle::expect_near(ops::global_response_norm(x, weight, bias, 1e-6F), expected, oracle::kProduct,
                        shape.to_string());
  }
}

TEST(ScaleShift, EqualsItsFormulaForOneVectorAndForOneARow) {
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 2});
  const Tensor x = oracle::random_tensor(*device, Shape{3, 5, 7, 33}, 1);
  const oracle::Values wide = oracle::widen(x);
  for (const Shape& shape : {Shape{33}, Shape{3, 33}}) {
    const Tensor scale = oracle::random_tensor(*device, shape, 2),
                 shift = oracle::random_tensor(*device, shape, 3);
    const oracle::Values by = oracle::widen(scale), to = oracle::widen(shift);
    oracle::Values expected(wide.size());
    for (size_t i = 0; i < wide.size(); ++i) {
      const size_t at = shape.rank() == 1 ? i % 33 : i / (5 * 7 * 33) * 33 + i % 33;
      expected[i] = wide[i] * (1 + by[at]) + to[at];
    }
    oracle::expect_near(ops::scale_shift(x, scale, shift), expected, oracle::kElementwise, shape.to_string());
  }
}

// A number that is none stays in its channel, or in its image where a norm is taken over all of it.
TEST(ConvNextOps, NanGoesThrough) {
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 1});
  constexpr int64_t kSide = 9, kChannels = 33;
  std::vector<float> values = oracle::random_values(2 * kSide * kSide * kChannels, 1);
  const size_t at = (4 * kSide + 4) * kChannels + 5;  // in the middle of the first image
  values[at] = NAN;
  const Tensor x = ops::from_host(*device, values, {2, kSide, kSide, kChannels});
  const auto random = [&](Shape shape) { return oracle::random_tensor(*device, shape, 2); };
  const Tensor vector = random({kChannels});
  const auto expect_nans = [](const Tensor& found, const std::string& what, const auto& is_hit) {
    const std::vector<float> made = ops::to_host(found);
    for (size_t i = 0; i < made.size(); ++i)
      ASSERT_EQ(std::isnan(made[i]), is_hit(i)) << what << ", element " << i;
  };
  expect_nans(ops::depthwise_conv2d(x, random({kChannels, 1, 7, 7}), vector, kSame7x7), "depthwise_conv2d",
              [&](size_t i) {
                const size_t row = i / kChannels / kSide, column = i / kChannels % kSide;
                return i % kChannels == 5 && row >= 1 && row <= 7 && column >= 1 && column <= 7;
              });
  expect_nans(ops::global_response_norm(x, vector, vector, 1e-6F), "global_response_norm",
              [&](size_t i) { return i < values.size() / 2; });
  expect_nans(ops::scale_shift(x, vector, vector), "scale_shift", [&](size_t i) { return i == at; });
}

TEST(ConvNextOps, RefuseShapesThatDoNotFit) {
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 1});
  const Tensor x = oracle::random_tensor(*device, Shape{1, 4, 4, 8}, 1);
  const auto zeros = [&](Shape shape) { return oracle::random_tensor(*device, shape, 2); };
  EXPECT_THROW(ops::depthwise_conv2d(x, zeros({8, 8, 7, 7}), {}, kSame7x7), Error);
  EXPECT_THROW(ops::depthwise_conv2d(x, zeros({6, 1, 7, 7}), {}, kSame7x7), Error);
  EXPECT_THROW(ops::depthwise_conv2d(x, zeros({8, 1, 7, 7}), {}, {}), Error);
  EXPECT_THROW(ops::global_response_norm(x, zeros({7}), zeros({8}), 1e-6F), Error);
  EXPECT_THROW(ops::scale_shift(x, zeros({2, 8}), zeros({2, 8})), Error);
  EXPECT_THROW(ops::scale_shift(x, zeros({8}), zeros({1, 8})), Error);
}

}  // namespace
}  // namespace janus
