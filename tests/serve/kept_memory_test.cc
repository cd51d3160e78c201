// When the server returns memory to the system, and that it does.
#include "cli/serve/kept_memory.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

namespace janus::cli {
namespace {

using std::chrono::seconds;

TEST(KeptMemory, IsReturnedWhileThereIsWorkAndOnceBehindIt) {
  const auto now = KeptMemory::Clock::now();
  KeptMemory memory;
  EXPECT_FALSE(memory.look(1, now + seconds(1)));
  EXPECT_TRUE(memory.look(1, now + seconds(6)));
  EXPECT_FALSE(memory.look(0, now + seconds(8)));
  EXPECT_TRUE(memory.look(0, now + seconds(12)));
  EXPECT_FALSE(memory.look(0, now + seconds(18)));
  EXPECT_FALSE(memory.look(2, now + seconds(12)));
  EXPECT_TRUE(memory.look(0, now + seconds(18)));
}

long resident_bytes() {
  FILE* statm = std::fopen("/proc/self/statm", "r");
  long all = 0, pages = 0;
  EXPECT_EQ(std::fscanf(statm, "%ld %ld", &all, &pages), 2);
  std::fclose(statm);
  return pages * sysconf(_SC_PAGESIZE);
}

TEST(KeptMemory, OfThreadsThatHaveEndedIsReturned) {
  KeptMemory memory;
  // Pieces in a heap of another thread, below one that is still in use.
  std::unique_ptr<char[]> kept;
  std::thread([&] {
    std::vector<std::unique_ptr<char[]>> pieces;
    for (int i = 0; i < 4'000; ++i) pieces.emplace_back(new char[10'000]());
    kept.reset(new char[10'000]());
  }).join();
  const long before = resident_bytes();
  EXPECT_TRUE(memory.look(0, KeptMemory::Clock::now() + seconds(10)));
  EXPECT_LT(resident_bytes(), before - (30 << 20));
}

}  // namespace
}  // namespace janus::cli
