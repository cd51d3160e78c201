#include <gtest/gtest.h>

#include <array>
#include <tuple>

#include "tests/support/oracle.h"

namespace janus {
namespace {

using oracle::Values;

// -- every token sees every token ---------------------------------------------------------------------------

class FullAttention : public testing::TestWithParam<std::array<int64_t, 4>> {
};  // batch, tokens, heads, head width

TEST_P(FullAttention, EqualsOracle) {
  const auto [batch, tokens, heads, width] = GetParam();
  const std::shared_ptr<Device> device = oracle::test_device();
  const Shape shape{batch, tokens, heads * width};
  // Keys of size 2 make some probabilities near 1.
  const Tensor q = oracle::random_tensor(*device, shape, 1);
  const Tensor k = oracle::random_tensor(*device, shape, 2, DType::f32, 2.0F);
  const Tensor v = oracle::random_tensor(*device, shape, 3);
  const Tensor out = ops::attention(q, k, v, static_cast<int>(heads));
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto head = [&, row = b, index = h](const Tensor& x) {
        return oracle::head_of(oracle::widen(x.rows(row, 1)), heads, index, width);
      };
      const Values expected =
          oracle::attention(head(q), head(k), head(v), width, [&](int64_t) { return GetParam()[1]; });
      const Values found = head(out);
      oracle::expect_near(std::vector<float>(found.begin(), found.end()), expected, oracle::kAttention,
                          "row " + std::to_string(b) + " head " + std::to_string(h));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, FullAttention,
    testing::Values(std::array<int64_t, 4>{1, 1, 1, 1}, std::array<int64_t, 4>{1, 5, 3, 7},
                    std::array<int64_t, 4>{2, 97, 2, 24}, std::array<int64_t, 4>{1, 100, 1, 600},
                    std::array<int64_t, 4>{1, 576, 2, 64}, std::array<int64_t, 4>{1, 576, 1, 512}));

// -- over a cache -------------------------------------------------------------------------------------------

struct CacheCase {
  DType dtype;
  int64_t tokens, heads, key_heads, width;
  std::vector<int32_t> rows, positions;
};

void PrintTo(const CacheCase& c, std::ostream* out) {
  *out << name_of(c.dtype) << " T " << c.tokens << " H " << c.heads << "/" << c.key_heads << " Dh "
       << c.width;
}

class CachedAttention : public testing::TestWithParam<CacheCase> {
 protected:
  static constexpr int64_t kCacheRows = 4;
  // Cache contents that attention must not see are NaN.
  Tensor cache_of(const CacheCase& c, int64_t capacity, uint32_t seed) {
    std::vector<float> values = oracle::random_values(kCacheRows * c.key_heads * capacity * c.width, seed);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto row = static_cast<int64_t>(i) / (c.key_heads * capacity * c.width);
      const auto position = static_cast<int64_t>(i) / c.width % capacity;
      const auto found = std::find(c.rows.begin(), c.rows.end(), row);
      if (found == c.rows.end() || position >= c.positions[found - c.rows.begin()]) values[i] = NAN;
    }
    return ops::convert(ops::from_host(*device_, values, Shape{kCacheRows, c.key_heads, capacity, c.width}),
                        c.dtype);
  }

  std::shared_ptr<Device> device_ = oracle::test_device();
};

TEST_P(CachedAttention, EqualsOracle) {
  const CacheCase& c = GetParam();
  const auto batch = static_cast<int64_t>(c.rows.size());
  const int64_t capacity = *std::max_element(c.positions.begin(), c.positions.end()) + c.tokens + 3;
  const CacheView cache{cache_of(c, capacity, 1), cache_of(c, capacity, 2), c.rows, c.positions};
  const Tensor q = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.heads * c.width}, 3);
  const Tensor k = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.key_heads * c.width}, 4);
  const Tensor v = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.key_heads * c.width}, 5);
  ops::store_kv(k, v, cache);
  const Tensor out = ops::cached_attention(q, static_cast<int>(c.heads), cache);
  const Values all_keys = oracle::widen(cache.keys), all_values = oracle::widen(cache.values);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < c.heads; ++h) {
      const int64_t key_head = h / (c.heads / c.key_heads), length = c.positions[b] + c.tokens;
      const int64_t offset = (c.rows[b] * c.key_heads + key_head) * capacity * c.width;
      const auto part = [&](const Values& from) {
        return Values(from.begin() + offset, from.begin() + offset + length * c.width);
      };
      const auto head = [&, row = b, index = h](const Tensor& x) {
        return oracle::head_of(oracle::widen(x.rows(row, 1)), c.heads, index, c.width);
      };
      const Values expected = oracle::attention(head(q), part(all_keys), part(all_values), c.width,
                                                [&, b](int64_t t) { return c.positions[b] + t + 1; });
      const Values found = head(out);
      oracle::expect_near(std::vector<float>(found.begin(), found.end()), expected, oracle::kAttention,
                          "row " + std::to_string(b) + " head " + std::to_string(h));
    }
  }
}

TEST_P(CachedAttention, StoresWhereTheViewSays) {
  const CacheCase& c = GetParam();
  const auto batch = static_cast<int64_t>(c.rows.size());
  const int64_t capacity = *std::max_element(c.positions.begin(), c.positions.end()) + c.tokens;
  const CacheView cache{cache_of(c, capacity, 1), cache_of(c, capacity, 2), c.rows, c.positions};
  const Values before = oracle::widen(cache.keys);
  const Tensor k = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.key_heads * c.width}, 4);
  ops::store_kv(k, k, cache);
  Values expected = before;
  const Values stored = oracle::widen(ops::convert(k, c.dtype));
  for (int64_t i = 0; i < static_cast<int64_t>(stored.size()); ++i) {
    const int64_t d = i % c.width, h = i / c.width % c.key_heads, t = i / c.width / c.key_heads % c.tokens;
    const int64_t b = i / c.width / c.key_heads / c.tokens;
    expected[((c.rows[b] * c.key_heads + h) * capacity + c.positions[b] + t) * c.width + d] = stored[i];
  }
  const Values found = oracle::widen(cache.keys);
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_TRUE(found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i])))
        << "element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CachedAttention,
                         testing::Values(CacheCase{DType::f32, 1, 1, 1, 1, {0}, {0}},
                                         CacheCase{DType::f32, 1, 4, 2, 12, {2, 0}, {7, 30}},
                                         CacheCase{DType::bf16, 1, 16, 16, 128, {1, 3}, {600, 31}},
                                         CacheCase{DType::f32, 1, 24, 2, 20, {3, 1, 0}, {5, 0, 64}},
                                         CacheCase{DType::f32, 3, 2, 1, 8, {1}, {0}},
                                         CacheCase{DType::bf16, 70, 4, 2, 40, {3, 0}, {33, 0}},
                                         CacheCase{DType::f32, 200, 2, 2, 128, {0, 2}, {0, 450}},
                                         CacheCase{DType::bf16, 600, 2, 1, 128, {1}, {0}}));

}  // namespace
}  // namespace janus
