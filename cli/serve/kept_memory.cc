#include "cli/serve/kept_memory.h"

#include <malloc.h>

namespace janus::cli {
namespace {

constexpr auto kBetween = std::chrono::seconds(5);
constexpr int kHeaps = 4;
// Blocks from so many bytes on go back to the system at once. The C library would raise this by itself, and
// then leave them between small ones in its heaps.
constexpr int kOwnPagesBytes = 256 << 10;

}  // namespace

KeptMemory::KeptMemory() {
  mallopt(M_ARENA_MAX, kHeaps);
  mallopt(M_MMAP_THRESHOLD, kOwnPagesBytes);
}

bool KeptMemory::look(long requests, Clock::time_point now) {
  used_ = used_ || requests > 0;
  if (!used_ || now - returned_ < kBetween) return false;
  used_ = requests > 0;
  returned_ = now;
  malloc_trim(0);
  return true;
}

}  // namespace janus::cli
