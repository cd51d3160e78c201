// Blocks that are freed and taken again.
#include "core/cpu/memory_pool.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/base/machine_fault.h"

namespace janus::cpu {
namespace {

TEST(MemoryPool, GivesAFreedBlockAgain) {
  const auto pool = std::make_shared<MemoryPool>(1 << 20);
  std::shared_ptr<void> block = pool->allocate(4096);
  const void* const place = block.get();
  block.reset();
  EXPECT_EQ(pool->free_bytes(), 4096U);
  EXPECT_EQ(pool->allocate(4000).get(), place);
}

TEST(MemoryPool, KeepsNoMoreThanItsLimit) {
  const auto pool = std::make_shared<MemoryPool>(10'000);
  std::vector<std::shared_ptr<void>> blocks;
  for (int i = 0; i < 5; ++i) blocks.push_back(pool->allocate(4096));
  blocks.clear();
  EXPECT_EQ(pool->free_bytes(), 8192U);
}

TEST(MemoryPool, SaysWhatTheMachineDoesNotHave) {
  const auto pool = std::make_shared<MemoryPool>(1 << 20);
  pool->allocate(4096).reset();
  try {
    pool->allocate(size_t{1} << 40);
    GTEST_SKIP() << "the system gives any memory";
  } catch (const MachineFault& fault) {
    EXPECT_NE(std::string(fault.what()).find("MiB more"), std::string::npos) << fault.what();
  }
  EXPECT_EQ(pool->free_bytes(), 0U);  // what was kept might have been enough
}

TEST(MemoryPool, AlignsLargeBlocksToLargePages) {
  constexpr size_t kLargePage = 2 << 20;
  const auto pool = std::make_shared<MemoryPool>(0);
  for (const size_t bytes : {kLargePage, kLargePage + 4097, 3 * kLargePage - 1}) {
    const std::shared_ptr<void> block = pool->allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.get()) % kLargePage, 0U) << bytes;
    std::memset(block.get(), 1, bytes);
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pool->allocate(100).get()) % 64, 0U);
}

TEST(MemoryPool, ReturnsWhatNobodyHasAskedForInAWhile) {
  MemoryPool::Clock::time_point now{};
  const auto pool = std::make_shared<MemoryPool>(1 << 20, [&] { return now; });
  pool->allocate(4096).reset();
  for (int second = 0; second < 30; ++second) {
    now += std::chrono::seconds(1);
    pool->allocate(64).reset();  // this one is taken again each time
    EXPECT_EQ(pool->free_bytes(), second < 10 ? 4160U : 64U) << second;
  }
}

}  // namespace
}  // namespace janus::cpu
