#include <gtest/gtest.h>

#include <array>
#include <tuple>

#include "tests/support/oracle.h"

namespace janus {
namespace {

class RowNorm : public testing::TestWithParam<std::array<int64_t, 2>> {};  // rows, width

TEST_P(RowNorm, EqualsOracle) {
  const auto [rows, width] = GetParam();
  const std::shared_ptr<Device> device = oracle::test_device();
  const Tensor x = oracle::random_tensor(*device, Shape{rows, width}, 1, DType::f32, 2.0F, 0.5F);
  const Tensor weight = oracle::random_tensor(*device, Shape{width}, 2);
  const Tensor bias = oracle::random_tensor(*device, Shape{width}, 3);
  oracle::expect_near(ops::rms_norm(x, weight, 1e-6F),
                      oracle::rms_norm(oracle::widen(x), oracle::widen(weight), 1e-6), oracle::kNorm,
                      "rms_norm");
  oracle::expect_near(ops::layer_norm(x, weight, bias, 1e-6F),
                      oracle::layer_norm(oracle::widen(x), oracle::widen(weight), oracle::widen(bias), 1e-6),
                      width == 1 ? oracle::kExact : oracle::kNorm, "layer_norm");
}

INSTANTIATE_TEST_SUITE_P(Shapes, RowNorm,
                         testing::Values(std::array<int64_t, 2>{1, 1}, std::array<int64_t, 2>{3, 7},
                                         std::array<int64_t, 2>{5, 67}, std::array<int64_t, 2>{2, 2048},
                                         std::array<int64_t, 2>{576, 1024}));

TEST(RowNorm, OffsetMuchLargerThanSpread) {
  const std::shared_ptr<Device> device = oracle::test_device();
  const Tensor x = oracle::random_tensor(*device, Shape{4, 1024}, 1, DType::f32, 1.0F, 100.0F);
  const Tensor one = ops::from_host(*device, std::vector<float>(1024, 1.0F), Shape{1024});
  const Tensor zero = ops::from_host(*device, std::vector<float>(1024, 0.0F), Shape{1024});
  // The mean itself is rounded to f32: half a unit of 100 is 3.8e-6.
  oracle::expect_near(ops::layer_norm(x, one, zero, 1e-6F),
                      oracle::layer_norm(oracle::widen(x), oracle::widen(one), oracle::widen(zero), 1e-6),
                      {1e-5, 1e-6}, "layer_norm");
}

using GroupCase = std::tuple<std::array<int64_t, 5>, bool>;  // batch, height, width, channels, groups; silu
class GroupNorm : public testing::TestWithParam<GroupCase> {};

TEST_P(GroupNorm, EqualsOracle) {
  const auto [sizes, silu] = GetParam();
  const auto [batch, height, width, channels, groups] = sizes;
  const std::shared_ptr<Device> device = oracle::test_device();
  const Tensor x =
      oracle::random_tensor(*device, Shape{batch, height, width, channels}, 1, DType::f32, 3.0F, 1.0F);
  const Tensor weight = oracle::random_tensor(*device, Shape{channels}, 2);
  const Tensor bias = oracle::random_tensor(*device, Shape{channels}, 3);
  const oracle::Values expected =
      oracle::group_norm(oracle::widen(x), oracle::widen(weight), oracle::widen(bias), height * width,
                         static_cast<int>(groups), 1e-6, silu);
  oracle::expect_near(ops::group_norm(x, weight, bias, static_cast<int>(groups), 1e-6F, silu), expected,
                      oracle::kNorm, "group_norm");
}

INSTANTIATE_TEST_SUITE_P(Shapes, GroupNorm,
                         testing::Combine(testing::Values(std::array<int64_t, 5>{1, 1, 2, 1, 1},
                                                          std::array<int64_t, 5>{2, 3, 5, 6, 2},
                                                          std::array<int64_t, 5>{1, 9, 9, 96, 32},
                                                          std::array<int64_t, 5>{2, 24, 24, 512, 32},
                                                          std::array<int64_t, 5>{1, 130, 129, 128, 32}),
                                          testing::Bool()));

TEST(L2Normalize, EqualsDefinitionForEveryType) {
  const std::shared_ptr<Device> device = oracle::test_device();
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const Tensor x = oracle::random_tensor(*device, Shape{37, 8}, 1, dtype);
    oracle::Values expected = oracle::widen(x);
    for (size_t row = 0; row < expected.size(); row += 8) {
      double squares = 0.0;
      for (size_t i = 0; i < 8; ++i) squares += expected[row + i] * expected[row + i];
      for (size_t i = 0; i < 8; ++i) expected[row + i] /= std::sqrt(squares);
    }
    oracle::expect_near(ops::l2_normalize(x, 1e-12F), expected, oracle::kElementwise, name_of(dtype));
  }
  const Tensor zero = ops::from_host(*device, std::vector<float>(8, 0.0F), Shape{1, 8});
  oracle::expect_near(ops::l2_normalize(zero, 1e-12F), oracle::Values(8, 0.0), oracle::kExact, "zero");
}

TEST(Norms, KeepNaN) {
  const std::shared_ptr<Device> device = oracle::test_device();
  std::vector<float> values = oracle::random_values(64, 1);
  values[9] = NAN;
  const Tensor one = ops::from_host(*device, std::vector<float>(64, 1.0F), Shape{64});
  const Tensor x = ops::from_host(*device, values, Shape{1, 64});
  for (const float y : ops::to_host(ops::rms_norm(x, one, 1e-6F))) EXPECT_TRUE(std::isnan(y));
  for (const float y : ops::to_host(ops::layer_norm(x, one, one, 1e-6F))) EXPECT_TRUE(std::isnan(y));
  for (const float y : ops::to_host(ops::l2_normalize(x, 1e-6F))) EXPECT_TRUE(std::isnan(y));
  const Tensor image = x.reshape(Shape{1, 1, 1, 64});
  for (const float y : ops::to_host(ops::group_norm(image, one, one, 1, 1e-6F, true)))
    EXPECT_TRUE(std::isnan(y));
}

}  // namespace
}  // namespace janus
