// The GPU's memory pool on a source that counts.
#include <gtest/gtest.h>

#include <set>

#include "core/base/error.h"
#include "core/cuda/memory_pool.h"
#include "core/cuda/pooled_size.h"

namespace janus::cuda {
namespace {

struct Source {
  size_t room = size_t{1} << 24, calls = 0;
  std::map<void*, size_t> taken;

  std::shared_ptr<GpuMemoryPool> pool() {
    return std::make_shared<GpuMemoryPool>(GpuMemorySource{.take = [this](size_t bytes) -> void* {
                                                             ++calls;
                                                             if (bytes > room) return nullptr;
                                                             room -= bytes;
                                                             void* memory = std::malloc(1);
                                                             taken[memory] = bytes;
                                                             return memory;
                                                           },
                                                           .give_back =
                                                               [this](void* memory) {
                                                                 room += taken.at(memory);
                                                                 taken.erase(memory);
                                                                 std::free(memory);
                                                               },
                                                           .room = [this] { return room; }});
  }
};

TEST(GpuMemory, SizesAreFewAndWasteLittle) {
  std::set<size_t> sizes;
  for (size_t bytes = 1; bytes < 10'000'000; bytes += 997) {
    const size_t size = pooled_size(bytes);
    EXPECT_GE(size, bytes);
    EXPECT_LE(size, bytes + std::max<size_t>(512, bytes / 8));
    sizes.insert(size);
  }
  EXPECT_LE(sizes.size(), 200U);
}

TEST(GpuMemory, NothingGrowsOverManyRounds) {
  Source source;
  const auto pool = source.pool();
  for (int round = 0; round < 1000; ++round) {
    const std::shared_ptr<void> a = pool->allocate(100'000), b = pool->allocate(3'000 + round % 7);
    const std::shared_ptr<void> c = pool->allocate(50);
  }
  EXPECT_LE(source.calls, 4U);
  EXPECT_LE(pool->taken_bytes(), 120'000U);
}

TEST(GpuMemory, GivesBackWhatIsKeptWhereThereIsNoRoom) {
  Source source;
  const auto pool = source.pool();
  pool->allocate(size_t{10} << 20).reset();
  EXPECT_NE(pool->allocate(size_t{14} << 20), nullptr);  // fits only without the first
  EXPECT_THROW(pool->allocate(size_t{1} << 30), Error);
}

TEST(GpuMemory, AnotherPoolOfTheGpuGivesBackWhatItKeeps) {
  Source source;
  const auto pool = source.pool(), other = source.pool();
  pool->share(other);
  other->allocate(size_t{10} << 20).reset();
  EXPECT_EQ(other->kept_bytes(), size_t{10} << 20);
  const std::shared_ptr<void> memory = pool->allocate(size_t{14} << 20);
  EXPECT_EQ(other->taken_bytes(), 0U);
  EXPECT_EQ(other->kept_bytes(), 0U);
  EXPECT_THROW(pool->allocate(size_t{14} << 20), Error);
}

TEST(GpuMemory, OutlivesItsPool) {
  Source source;
  auto pool = source.pool();
  std::shared_ptr<void> memory = pool->allocate(64);
  pool.reset();
  EXPECT_EQ(source.taken.size(), 1U);
  memory.reset();
  EXPECT_TRUE(source.taken.empty());
}

}  // namespace
}  // namespace janus::cuda
