// Operations that join others give the bits of the others one after another, whatever the number of rows,
// tokens and threads and the types of the weights.
#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/oracle.h"

namespace janus {
namespace {

using Case = std::tuple<int, int64_t, int64_t>;  // threads, rows, tokens

class Fused : public testing::TestWithParam<Case> {
 protected:
  static constexpr int64_t kWidth = 512;

  std::shared_ptr<Device> device_ = open_device("cpu", {std::get<0>(GetParam())});
  int64_t rows_ = std::get<1>(GetParam()), tokens_ = std::get<2>(GetParam());

  Tensor activations(int64_t width, uint32_t seed) {
    return oracle::random_tensor(*device_, Shape{rows_, tokens_, width}, seed);
  }
  // In the type in which the device multiplies it, as Linear::load leaves it.
  Tensor weight(int64_t out, DType dtype, uint32_t seed) {
    const Tensor stored = oracle::random_tensor(*device_, Shape{out, kWidth}, seed, dtype, 0.05F);
    return ops::convert(stored, device_->product_type(dtype, kWidth));
  }
  Tensor vector(int64_t size, uint32_t seed) { return oracle::random_tensor(*device_, Shape{size}, seed); }
};

TEST_P(Fused, ProductsOfOneInput) {
  const Tensor x = activations(kWidth, 1), none, bias = vector(77, 2);
  const std::vector<Tensor> weights{weight(77, DType::q4_k, 3), weight(40, DType::q6_k, 4),
                                    weight(1, DType::bf16, 5), weight(513, DType::q4_k, 6),
                                    weight(64, DType::f32, 7)};
  std::vector<LinearView> layers{{weights[0], bias}};
  for (size_t i = 1; i < weights.size(); ++i) layers.push_back({weights[i], none});
  const std::vector<Tensor> found = ops::linear_each(x, layers);
  ASSERT_EQ(found.size(), layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    oracle::expect_same(found[i], ops::linear(x, layers[i].weight, layers[i].bias), std::to_string(i));
  }
}

TEST_P(Fused, ProductAndSum) {
  const Tensor x = activations(kWidth, 1), bias = vector(130, 2), residual = activations(130, 3);
  for (const DType dtype : {DType::bf16, DType::q8_0, DType::q5_k}) {
    const Tensor w = weight(130, dtype, 4);
    oracle::expect_same(ops::linear_add(x, {w, bias}, residual), ops::add(residual, ops::linear(x, w, bias)),
                        name_of(dtype));
  }
}

TEST_P(Fused, GatedProducts) {
  const Tensor x = activations(kWidth, 1), none, bias = vector(301, 2);
  for (const auto& [gate, up] : {std::pair{DType::bf16, DType::bf16}, std::pair{DType::q4_k, DType::q6_k},
                                 std::pair{DType::q8_0, DType::bf16}}) {
    const Tensor g = weight(301, gate, 3), u = weight(301, up, 4);
    oracle::expect_same(ops::linear_swiglu(x, {g, none}, {u, bias}),
                        ops::swiglu(ops::linear(x, g), ops::linear(x, u, bias)), name_of(gate));
  }
}

TEST_P(Fused, AttentionOfNewTokens) {
  constexpr int kHeads = 6;
  constexpr int64_t kKeyHeads = 2, kHeadWidth = 24, kCapacity = 60;
  const Tensor table = ops::rope_table(*device_, kCapacity, kHeadWidth, 10000.0F);
  std::vector<int32_t> starts, positions;
  for (int64_t row = 0; row < rows_; ++row) {
    starts.push_back(static_cast<int32_t>((rows_ - row) * kCapacity));
    positions.push_back(static_cast<int32_t>(3 * row));
  }
  const Tensor values = activations(kKeyHeads * kHeadWidth, 3);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const auto cache = [&] {
      const Shape shape{kKeyHeads, (rows_ + 1) * kCapacity, kHeadWidth};
      return CacheView{oracle::random_tensor(*device_, shape, 5, dtype),
                       oracle::random_tensor(*device_, shape, 6, dtype), starts, positions};
    };
    const CacheView joined = cache(), apart = cache();
    Tensor queries = activations(kHeads * kHeadWidth, 1), keys = activations(kKeyHeads * kHeadWidth, 2);
    const Tensor found = ops::next_attention(queries, keys, values, kHeads, table, joined);
    queries = activations(kHeads * kHeadWidth, 1);
    keys = activations(kKeyHeads * kHeadWidth, 2);
    ops::rope(queries, kHeads, positions, table);
    ops::rope(keys, static_cast<int>(kKeyHeads), positions, table);
    ops::store_kv(keys, values, apart);
    oracle::expect_same(found, ops::cached_attention(queries, kHeads, apart), "result");
    oracle::expect_same(joined.keys, apart.keys, "keys");
    oracle::expect_same(joined.values, apart.values, "values");
  }
}

INSTANTIATE_TEST_SUITE_P(All, Fused,
                         testing::Combine(testing::Values(1, 2, 5), testing::Values(1, 2, 8, 11),
                                          testing::Values(1, 4)));

}  // namespace
}  // namespace janus
