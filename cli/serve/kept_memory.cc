#include "cli/serve/kept_memory.h"

#include <malloc.h>

namespace janus::cli {
namespace {

constexpr auto kBetween = std::chrono::seconds(5);
[[maybe_unused]] constexpr int kHeaps = 4;

}  // namespace

KeptMemory::KeptMemory() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, kHeaps);
#endif
}

bool KeptMemory::look(long requests, Clock::time_point now) {
  used_ = used_ || requests > 0;
  if (!used_ || now - returned_ < kBetween) return false;
  used_ = requests > 0;
  returned_ = now;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return true;
}

}  // namespace janus::cli
