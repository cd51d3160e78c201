#include "core/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/cpu/hardware_peaks.h"
#include "core/cpu/kernels.h"

namespace janus::cpu {
namespace {

TEST(ThreadPool, RangesCoverTheCountOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    const ThreadPool thread_pool(threads);
    for (const int64_t count : {0, 1, 5, 64, 1000}) {
      for (const int64_t step : {1, 16, 300}) {
        std::vector<int> seen(static_cast<size_t>(count), 0);
        std::mutex mutex;
        int calls = 0;
        thread_pool.parallel_for(count, step, [&](int64_t begin, int64_t end) {
          const std::lock_guard lock(mutex);
          ++calls;
          EXPECT_LT(begin, end);
          EXPECT_EQ(begin % step, 0);
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        });
        EXPECT_LE(calls, threads);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), count) << threads << " threads, step " << step;
      }
    }
  }
}

TEST(ThreadPool, ExceptionsReachTheCaller) {
  for (const int threads : {1, 4}) {
    const ThreadPool thread_pool(threads);
    EXPECT_THROW(thread_pool.parallel_for(100,
                                          [](int64_t, int64_t end) {
                                            if (end == 100) throw std::runtime_error("the last part");
                                          }),
                 std::runtime_error);
    int64_t done = 0;
    thread_pool.parallel_for(1, [&](int64_t, int64_t) { ++done; });
    EXPECT_EQ(done, 1);
  }
}

TEST(ThreadPool, SeveralCallersAtOnce) {
  const ThreadPool thread_pool(2);
  std::vector<std::thread> callers;
  std::vector<int64_t> sums(4, 0);
  for (size_t caller = 0; caller < sums.size(); ++caller) {
    callers.emplace_back([&, caller] {
      std::mutex mutex;
      for (int round = 0; round < 20; ++round) {
        thread_pool.parallel_for(1000, [&](int64_t begin, int64_t end) {
          const std::lock_guard lock(mutex);
          sums[caller] += end - begin;
        });
      }
    });
  }
  for (std::thread& thread : callers) thread.join();
  EXPECT_EQ(sums, std::vector<int64_t>(4, 20000));
}

TEST(ThreadPool, CallsFromInsideRunInOneRange) {
  const ThreadPool thread_pool(4);
  std::atomic<int> ranges = 0, sum = 0;
  thread_pool.parallel_for(4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      thread_pool.parallel_for(10, [&](int64_t first, int64_t last) {
        ++ranges;
        sum += static_cast<int>(last - first);
      });
    }
  });
  EXPECT_EQ(ranges, 4);
  EXPECT_EQ(sum, 40);
}

// However many ranges are asked for, and however long some threads sleep.
TEST(ThreadPool, NoMoreThreadsThanProcessors) {
  const ThreadPool thread_pool(64);
  EXPECT_EQ(thread_pool.threads(), 64);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int round = 0; round < 50; ++round) {
    int ranges = 0;
    thread_pool.parallel_for(64, [&](int64_t begin, int64_t end) {
      EXPECT_EQ(end, begin + 1);
      const std::lock_guard lock(mutex);
      ++ranges;
      threads.insert(std::this_thread::get_id());
    });
    EXPECT_EQ(ranges, 64);
    if (round % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LE(threads.size(), std::thread::hardware_concurrency());
}

// The ranges of a thread that is late are done by the others; who began one is waited for.
TEST(ThreadPool, NobodyWaitsForWhoHasNotBegun) {
  const ThreadPool thread_pool(2);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> done = 0;
    thread_pool.parallel_for(2, [&](int64_t begin, int64_t) {
      if (begin == round % 2) std::this_thread::sleep_for(std::chrono::microseconds(round));
      ++done;
    });
    EXPECT_EQ(done, 2) << round;
  }
}

TEST(ThreadPool, ScratchGrowsAndSlotsDiffer) {
  float* first = scratch(0, 100);
  EXPECT_EQ(scratch(0, 50), first);
  EXPECT_NE(scratch(1, 50), first);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(scratch(0, 100000)) % 64, 0U);
}

TEST(HardwarePeaks, MeasuresSomethingPossible) {
  const ThreadPool thread_pool;
  EXPECT_GE(thread_pool.threads(), 1);
  const double bandwidth = read_bandwidth(kernels(), thread_pool, 1 << 22, 3);
  EXPECT_GT(bandwidth, 1e7);
  EXPECT_LT(bandwidth, 1e14);
  const double peak = multiply_add_peak(kernels(), thread_pool);
  EXPECT_GT(peak, 1e7);
  EXPECT_LT(peak, 1e15);
  // No instruction set multiplies fewer bytes at once than floats, and none 64 times as many.
  const double whole = int8_peak(kernels(), thread_pool);
  EXPECT_GT(whole, peak / 4);
  EXPECT_LT(whole, peak * 64);
}

TEST(HardwarePeaks, CountsItsOperations) {
  // Every product is 1 * 1, so the sum is the number of products, of which each is two operations.
  int32_t result[2] = {0x0101, 0x0101};
  const int64_t operations = kernels().multiply_add_bytes(10, result);
  EXPECT_GT(operations, 0);
  // Where words are multiplied, 0x0101 is one number.
  EXPECT_TRUE(2 * int64_t{result[0]} == operations || 2 * int64_t{result[0]} == operations * 0x0101 * 0x0101);
}

}  // namespace
}  // namespace janus::cpu
