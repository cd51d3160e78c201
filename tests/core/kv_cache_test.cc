// The cache's rows: where they find place, and that what they hold does not depend on it.
#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/nn/transformer.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

class KvCacheTest : public testing::Test {
 protected:
  KvCacheTest()
      : checkpoint_(Checkpoint::open(JANUS_TEST_DATA "/models/grouped-query")),
        device_(open_device("cpu")),
        model_(
            Transformer::load(Weights(checkpoint_, *device_, WeightType::f32) / "model.language_model",
                              TransformerConfig::from_json(checkpoint_.config()["text_config"], "config"))) {}

  KvCache cache(int64_t tokens) const { return {*device_, model_.config(), tokens, DType::bf16}; }

  Tensor input(int64_t tokens, uint32_t seed) const {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(tokens * model_.config().hidden_size));
    for (float& value : values) value = normal(random);
    return ops::from_host(*device_, values, {1, tokens, model_.config().hidden_size});
  }

  std::vector<float> read(const Tensor& x, KvCache& cache, int32_t row) const {
    return ops::to_host(model_.forward(x, cache, {&row, 1}));
  }

  Checkpoint checkpoint_;
  std::shared_ptr<Device> device_;
  Transformer model_;
};

TEST_F(KvCacheTest, RowsTakeTheFirstPlaceThatIsLongEnough) {
  KvCache rows = cache(20);
  EXPECT_EQ(rows.add_row(8), 0);
  EXPECT_EQ(rows.add_row(4), 1);
  EXPECT_EQ(rows.add_row(8), 2);
  EXPECT_FALSE(rows.has_place(1));
  EXPECT_THROW(rows.add_row(1), Error);
  rows.remove_row(1);
  EXPECT_TRUE(rows.has_place(4));
  EXPECT_FALSE(rows.has_place(5));
  rows.remove_row(0);
  EXPECT_EQ(rows.add_row(12), 0) << "neighbours that are free make one place";
  EXPECT_EQ(rows.start(0), 0);
  EXPECT_FALSE(rows.resize_row(0, 13)) << "another row begins there";
  EXPECT_TRUE(rows.resize_row(0, 2));
  EXPECT_EQ(rows.add_row(10), 1);
  EXPECT_EQ(rows.start(1), 2);
  EXPECT_FALSE(rows.resize_row(1, 11));
  EXPECT_EQ(rows.in_use(), 20);
  EXPECT_THROW(rows.add_row(0), Error);
}

TEST_F(KvCacheTest, ARowIsTheSameWhereverItStands) {
  KvCache alone = cache(9), shared = cache(40);
  shared.add_row(7);
  const int32_t other = shared.add_row(13), row = shared.add_row(9);
  read(input(7, 1), shared, 0);
  read(input(13, 2), shared, other);
  EXPECT_EQ(read(input(5, 3), alone, alone.add_row(9)), read(input(5, 3), shared, row));
  shared.remove_row(0);
  shared.remove_row(other);
  shared.grow(64);
  EXPECT_EQ(read(input(4, 4), alone, 0), read(input(4, 4), shared, row)) << "after it has grown";
}

TEST_F(KvCacheTest, GrowingMovesRowsTogether) {
  KvCache alone = cache(9), shared = cache(40);
  for (const int64_t tokens : {10, 9, 11, 10}) shared.add_row(tokens);
  read(input(5, 3), alone, alone.add_row(9));
  read(input(5, 3), shared, 1);
  read(input(6, 4), shared, 3);
  shared.remove_row(0);
  shared.remove_row(2);
  EXPECT_FALSE(shared.has_place(12)) << "two gaps";
  shared.grow(40);
  EXPECT_EQ(shared.in_use(), 19);
  EXPECT_EQ(shared.start(1), 0);
  EXPECT_EQ(shared.start(3), 9);
  EXPECT_EQ(shared.add_row(21), 0) << "one place";
  EXPECT_EQ(read(input(4, 4), alone, 0), read(input(4, 4), shared, 1));
  EXPECT_EQ(shared.length(3), 6);
}

TEST_F(KvCacheTest, ACopiedBeginningIsWhatWasRead) {
  KvCache rows = cache(40);
  const int32_t whole = rows.add_row(12), copy = rows.add_row(12);
  const Tensor x = input(12, 5);
  const int64_t width = model_.config().hidden_size;
  const std::vector<float> expected = read(x, rows, whole);
  rows.copy_row(whole, copy, 7);
  EXPECT_EQ(rows.length(copy), 7);
  const Tensor rest = x.reshape({12, width}).rows(7, 5).reshape({1, 5, width});
  const std::vector<float> found = read(rest, rows, copy);
  EXPECT_EQ(found, std::vector<float>(expected.end() - 5 * width, expected.end()));
  EXPECT_THROW(rows.copy_row(whole, copy, 13), Error);
  EXPECT_THROW(rows.truncate(copy, 13), Error);
  EXPECT_THROW(rows.extend(copy, 1), Error) << "its place is full";
}

TEST_F(KvCacheTest, ARowDoesNotReadIntoItsNeighbour) {
  KvCache rows = cache(20);
  const int32_t row = rows.add_row(4);
  rows.add_row(16);
  EXPECT_THROW(read(input(5, 6), rows, row), Error);
  EXPECT_EQ(rows.length(row), 0);
}

}  // namespace
}  // namespace janus
