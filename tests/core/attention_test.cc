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
                    std::array<int64_t, 4>{2, 64, 1, 72}, std::array<int64_t, 4>{1, 65, 2, 96},
                    std::array<int64_t, 4>{70, 2, 1, 16}, std::array<int64_t, 4>{1, 33, 1, 129},
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
      const auto row = static_cast<int64_t>(i) / (c.width * capacity) % kCacheRows;
      const auto position = static_cast<int64_t>(i) / c.width % capacity;
      const auto found = std::find(c.rows.begin(), c.rows.end(), row);
      if (found == c.rows.end() || position >= c.positions[found - c.rows.begin()]) values[i] = NAN;
    }
    return ops::convert(ops::from_host(*device_, values, Shape{c.key_heads, kCacheRows * capacity, c.width}),
                        c.dtype);
  }

  // Row r of the cache begins at token r * capacity.
  static std::vector<int32_t> starts_of(const CacheCase& c, int64_t capacity) {
    std::vector<int32_t> starts;
    for (const int32_t row : c.rows) starts.push_back(row * static_cast<int32_t>(capacity));
    return starts;
  }

  std::shared_ptr<Device> device_ = oracle::test_device();
};

TEST_P(CachedAttention, EqualsOracle) {
  const CacheCase& c = GetParam();
  const auto batch = static_cast<int64_t>(c.rows.size());
  const int64_t capacity = *std::max_element(c.positions.begin(), c.positions.end()) + c.tokens + 3;
  const std::vector<int32_t> starts = starts_of(c, capacity);
  const CacheView cache{cache_of(c, capacity, 1), cache_of(c, capacity, 2), starts, c.positions};
  const Tensor q = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.heads * c.width}, 3);
  const Tensor k = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.key_heads * c.width}, 4);
  const Tensor v = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.key_heads * c.width}, 5);
  ops::store_kv(k, v, cache);
  const Tensor out = ops::cached_attention(q, static_cast<int>(c.heads), cache);
  const Values all_keys = oracle::widen(cache.keys), all_values = oracle::widen(cache.values);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < c.heads; ++h) {
      const int64_t key_head = h / (c.heads / c.key_heads), length = c.positions[b] + c.tokens;
      const int64_t offset = (key_head * kCacheRows + c.rows[b]) * capacity * c.width;
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
  const std::vector<int32_t> starts = starts_of(c, capacity);
  const CacheView cache{cache_of(c, capacity, 1), cache_of(c, capacity, 2), starts, c.positions};
  const Values before = oracle::widen(cache.keys);
  const Tensor k = oracle::random_tensor(*device_, Shape{batch, c.tokens, c.key_heads * c.width}, 4);
  ops::store_kv(k, k, cache);
  Values expected = before;
  const Values stored = oracle::widen(ops::convert(k, c.dtype));
  for (int64_t i = 0; i < static_cast<int64_t>(stored.size()); ++i) {
    const int64_t d = i % c.width, h = i / c.width % c.key_heads, t = i / c.width / c.key_heads % c.tokens;
    const int64_t b = i / c.width / c.key_heads / c.tokens;
    expected[((h * kCacheRows + c.rows[b]) * capacity + c.positions[b] + t) * c.width + d] = stored[i];
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
                                         CacheCase{DType::bf16, 600, 2, 1, 128, {1}, {0}},
                                         CacheCase{DType::bf16, 2, 6, 2, 64, {2, 0, 1}, {62, 63, 64}},
                                         CacheCase{DType::bf16, 64, 1, 1, 13, {0}, {1}},
                                         CacheCase{DType::f32, 66, 3, 1, 96, {0, 1}, {31, 700}},
                                         CacheCase{DType::bf16, 31, 2, 2, 72, {3, 2}, {669, 0}},
                                         CacheCase{DType::f32, 9, 2, 1, 160, {1}, {40}},
                                         CacheCase{DType::bf16, 20, 2, 1, 136, {1, 0}, {0, 50}}));

// Tokens in one pass, in two, and beside another row: the same bits, wherever a token stands among the
// others.
TEST(CachedAttentionRows, DoNotDependOnTheOthers) {
  const std::shared_ptr<Device> device = oracle::test_device();
  constexpr int64_t kTokens = 150, kWidth = 64, kBefore = 20;
  for (const DType dtype : {DType::bf16, DType::f32}) {
    const auto cached = [&](uint32_t seed) {
      return oracle::random_tensor(*device, Shape{1, 2 * (kBefore + kTokens), kWidth}, seed, dtype);
    };
    const Tensor keys = cached(1), values = cached(2);
    const Tensor q = oracle::random_tensor(*device, Shape{2, kTokens, 2 * kWidth}, 3);
    const std::array<int32_t, 2> starts{kBefore + kTokens, 0}, positions{kBefore, 7};
    const Tensor both = ops::cached_attention(q, 2, {keys, values, starts, positions});
    const Tensor tokens = q.rows(0, 1).reshape(Shape{kTokens, 2 * kWidth});
    for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 150}, {0, 67}, {67, 83}, {40, 2}}) {
      const std::array<int32_t, 1> start{kBefore + kTokens}, position{static_cast<int32_t>(kBefore + first)};
      const Tensor part = ops::cached_attention(
          tokens.rows(first, count).reshape(Shape{1, count, 2 * kWidth}), 2, {keys, values, start, position});
      oracle::expect_same(part, both.rows(0, 1).reshape(Shape{kTokens, 2 * kWidth}).rows(first, count),
                          std::string(name_of(dtype)) + ", tokens " + std::to_string(first) + " to " +
                              std::to_string(first + count));
    }
  }
}

}  // namespace
}  // namespace janus
