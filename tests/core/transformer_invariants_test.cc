// What must hold of the decoder without any reference.
#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/nn/transformer.h"
#include "core/tensor/ops.h"
#include "tests/support/device_under_test.h"

namespace janus {
namespace {

constexpr const char* kModel = JANUS_TEST_DATA "/models/grouped-query";

class TransformerInvariants : public testing::Test {
 protected:
  TransformerInvariants()
      : checkpoint_(Checkpoint::open(kModel)),
        device_(oracle::test_device()),
        model_(
            Transformer::load(Weights(checkpoint_, *device_, WeightType::native) / "model.language_model",
                              TransformerConfig::from_json(checkpoint_.config()["text_config"], "config"))) {}

  Tensor random_input(int64_t rows, int64_t tokens, uint32_t seed) const {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(rows * tokens * model_.config().hidden_size);
    for (float& value : values) value = normal(random);
    return ops::from_host(*device_, values, {rows, tokens, model_.config().hidden_size});
  }

  KvCache cache(int64_t rows, int64_t capacity, DType dtype = DType::f32) const {
    return KvCache(*device_, model_.config(), rows, capacity, dtype);
  }

  std::vector<float> forward(const Tensor& x, KvCache& cache, std::vector<int32_t> rows) const {
    return ops::to_host(model_.forward(x, cache, rows));
  }

  Checkpoint checkpoint_;
  std::shared_ptr<Device> device_;
  Transformer model_;
};

// Row `row` of a batch [B, T, D] as a batch of its own.
Tensor one_row(const Tensor& x, int64_t row) { return x.rows(row, 1); }

TEST_F(TransformerInvariants, ReadingAllAtOnceIsReadingTokenByToken) {
  constexpr int64_t kTokens = 9;
  // Activations are rounded at 2^-17 on tensor cores, and a last bit of one may turn it the other way.
  const float absolute = oracle::traits().splits_activations ? 2e-5F : 1e-5F;
  const Tensor x = random_input(1, kTokens, 1);
  KvCache whole = cache(1, kTokens), steps = cache(1, kTokens);
  const std::vector<float> expected = forward(x, whole, {0});
  const int64_t width = model_.config().hidden_size;
  const Tensor tokens = x.reshape({kTokens, width});
  for (int64_t token = 0; token < kTokens; ++token) {
    const std::vector<float> found = forward(tokens.rows(token, 1).reshape({1, 1, width}), steps, {0});
    for (int64_t i = 0; i < width; ++i) {
      const float reference = expected[token * width + i];
      EXPECT_TRUE(std::abs(found[i] - reference) <= absolute + 1e-4F * std::abs(reference))
          << "token " << token << " feature " << i << ": " << found[i] << " against " << reference;
    }
  }
}

TEST_F(TransformerInvariants, ARowDoesNotDependOnTheOthers) {
  for (const int64_t tokens : {int64_t{1}, int64_t{5}}) {
    const Tensor x = random_input(7, tokens, 2);
    KvCache together = cache(7, 16);
    const std::vector<float> all = forward(x, together, {0, 1, 2, 3, 4, 5, 6});
    const size_t size = all.size() / 7;
    for (int32_t row = 0; row < 7; ++row) {
      KvCache alone = cache(1, 24);
      const std::vector<float> one = forward(one_row(x, row), alone, {0});
      EXPECT_EQ(one, std::vector<float>(all.begin() + row * size, all.begin() + (row + 1) * size))
          << "row " << row;
    }
  }
}

TEST_F(TransformerInvariants, RowsMayStandAtDifferentPlaces) {
  const Tensor first = random_input(1, 3, 3), second = random_input(1, 6, 4), next = random_input(2, 1, 5);
  KvCache both = cache(4, 16);
  forward(first, both, {3});
  forward(second, both, {1});
  const std::vector<float> joined = forward(next, both, {3, 1});
  KvCache left = cache(1, 16), right = cache(1, 16);
  forward(first, left, {0});
  forward(second, right, {0});
  std::vector<float> apart = forward(one_row(next, 0), left, {0});
  const std::vector<float> other = forward(one_row(next, 1), right, {0});
  apart.insert(apart.end(), other.begin(), other.end());
  EXPECT_EQ(joined, apart);
  EXPECT_EQ(both.length(3), 4);
  EXPECT_EQ(both.length(1), 7);
  EXPECT_EQ(both.length(0), 0);
}

TEST_F(TransformerInvariants, TokensMayBeRotatedForOtherPositions) {
  for (const int64_t tokens : {int64_t{1}, int64_t{3}}) {
    const Tensor prefix = random_input(2, 4, 10), next = random_input(2, tokens, 11);
    const auto read = [&](std::vector<int32_t> rope_positions) {
      KvCache memory = cache(2, 16);
      const std::vector<int32_t> rows{0, 1};
      model_.forward(prefix, memory, rows);
      return ops::to_host(model_.forward(next, memory, rows, {}, rope_positions));
    };
    const std::vector<float> behind = read({});
    EXPECT_EQ(read({4, 4}), behind);
    const std::vector<float> apart = read({4, 900});
    const auto half = static_cast<int64_t>(behind.size() / 2);
    EXPECT_TRUE(std::equal(apart.begin(), apart.begin() + half, behind.begin()));
    EXPECT_FALSE(std::equal(apart.begin() + half, apart.end(), behind.begin() + half));
    // Among themselves they stand as before: without a prefix, nothing but rounding is another.
    const auto alone = [&](int32_t position) {
      KvCache memory = cache(1, 16);
      const int32_t row = 0;
      return ops::to_host(model_.forward(one_row(next, 0), memory, {&row, 1}, {}, {&position, 1}));
    };
    const std::vector<float> near = alone(0), far = alone(20);
    for (size_t i = 0; i < near.size(); ++i) EXPECT_NEAR(near[i], far[i], 2e-4) << i;
  }
}

TEST_F(TransformerInvariants, TruncatingAndReadingAgainIsTheFirstReading) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor prefix = random_input(1, 4, 6), suffix = random_input(1, 3, 7);
    KvCache memory = cache(1, 16, dtype);
    forward(prefix, memory, {0});
    const std::vector<float> once = forward(suffix, memory, {0});
    memory.truncate(0, 4);
    EXPECT_EQ(forward(suffix, memory, {0}), once);
    EXPECT_THROW(memory.truncate(0, 8), Error);
  }
}

TEST_F(TransformerInvariants, ACopiedRowGoesOnAsTheFirst) {
  const Tensor prefix = random_input(1, 5, 8), next = random_input(1, 1, 9);
  KvCache memory = cache(3, 16, DType::bf16);
  forward(prefix, memory, {0});
  memory.copy_row(0, 2);
  EXPECT_EQ(memory.length(2), 5);
  const std::vector<float> original = forward(next, memory, {0});
  EXPECT_EQ(forward(next, memory, {2}), original);
}

TEST_F(TransformerInvariants, ThreadsDoNotChangeTheResult) {
  if (!oracle::traits().takes_threads) GTEST_SKIP() << "a GPU has no such option";
  const Tensor x = random_input(3, 1, 10);
  KvCache memory = cache(3, 4);
  const std::vector<float> expected = forward(x, memory, {0, 1, 2});
  for (const int threads : {1, 2, 3, 5}) {
    const auto device = open_device("cpu", {.threads = threads});
    const Transformer model = Transformer::load(
        Weights(checkpoint_, *device, WeightType::native) / "model.language_model", model_.config());
    KvCache own(*device, model.config(), 3, 4, DType::f32);
    const Tensor input = ops::from_host(*device, ops::to_host(x), x.shape());
    const std::vector<int32_t> rows{0, 1, 2};
    EXPECT_EQ(ops::to_host(model.forward(input, own, rows)), expected) << threads << " threads";
  }
}

TEST_F(TransformerInvariants, AFullCacheIsAnError) {
  KvCache memory = cache(1, 4);
  forward(random_input(1, 3, 11), memory, {0});
  EXPECT_THROW(forward(random_input(1, 2, 12), memory, {0}), Error);
  EXPECT_EQ(memory.length(0), 3);
}

TEST(KvCacheBytes, CountsKeysAndValues) {
  TransformerConfig config;
  config.num_hidden_layers = 24;
  config.num_key_value_heads = 16;
  config.head_dim = 128;
  EXPECT_EQ(KvCache::bytes(config, 1, DType::bf16), 196608U);  // Janus-Pro-1B, a token
}

}  // namespace
}  // namespace janus
