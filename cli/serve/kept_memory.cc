#include "cli/serve/kept_memory.h"

#include <malloc.h>

namespace janus::cli {
namespace {

constexpr auto kBetween = std::chrono::seconds(5);
constexpr int kHeaps = 4;

}  // namespace

KeptMemory::KeptMemory() { mallopt(M_ARENA_MAX, kHeaps); }

bool KeptMemory::look(long requests, Clock::time_point now) {
  used_ = used_ || requests > 0;
  if (!used_ || now - returned_ < kBetween) return false;
  used_ = requests > 0;
  returned_ = now;
  malloc_trim(0);
  return true;
}

}  // namespace janus::cli
