#include "core/cpu/memory_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "core/base/error.h"
#include "core/base/machine_fault.h"

namespace janus::cpu {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLargePage = size_t{2} << 20;
constexpr auto kKept = std::chrono::seconds(10);
constexpr size_t kMostBytes = size_t{1} << 40;  // beyond any machine, and short of what allocators choke on

// What has room for large pages is in them where the system gives them, but for its end, which would take one
// more: weights that are read from page to page wait for an address in every one.
void* take(size_t size) {
  void* memory = nullptr;
  const bool large = size >= kLargePage;
  if (posix_memalign(&memory, large ? kLargePage : kAlignment, size) != 0) return nullptr;
  if (large) madvise(memory, size / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish
  return memory;
}

}  // namespace

MemoryPool::~MemoryPool() { give_back(); }

std::shared_ptr<void> MemoryPool::allocate(size_t bytes) {
  check(bytes <= kMostBytes,
        "memory: expected at most {} bytes for one tensor, found {}; use a smaller batch or model",
        kMostBytes, bytes);
  size_t size = std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  void* memory = nullptr;
  {
    const std::lock_guard lock(mutex_);
    // The smallest that is large enough; one much larger would waste what it does not need.
    auto best = free_.end();
    for (auto block = free_.begin(); block != free_.end(); ++block) {
      const bool fits = block->bytes >= size && block->bytes <= size + size / 4;
      if (fits && (best == free_.end() || block->bytes <= best->bytes)) best = block;
    }
    if (best != free_.end()) {
      memory = best->memory;
      size = best->bytes;
      free_bytes_ -= size;
      free_.erase(best);
    }
  }
  if (memory == nullptr) memory = take(size);
  if (memory == nullptr) {
    give_back();
    memory = take(size);
  }
  if (memory == nullptr) {
    throw MachineFault(fmt::format(
        "memory: expected {:.1f} MiB more, found none left; close other programs, or use a smaller batch or "
        "model",
        static_cast<double>(size) / (1 << 20)));
  }
  return {memory, [pool = shared_from_this(), size](void* freed) { pool->release(freed, size); }};
}

size_t MemoryPool::free_bytes() {
  const std::lock_guard lock(mutex_);
  return free_bytes_;
}

void MemoryPool::give_back() {
  const std::lock_guard lock(mutex_);
  for (const Block& block : free_) std::free(block.memory);
  free_.clear();
  free_bytes_ = 0;
}

// Owners let go where nothing may throw.
void MemoryPool::release(void* memory, size_t bytes) {
  const Clock::time_point now = now_();
  const std::lock_guard lock(mutex_);
  try {
    free_.push_back({memory, bytes, now});
  } catch (const std::bad_alloc&) {
    std::free(memory);
    return;
  }
  free_bytes_ += bytes;
  while (free_bytes_ > limit_bytes_ || (!free_.empty() && now - free_.front().freed > kKept)) {
    std::free(free_.front().memory);
    free_bytes_ -= free_.front().bytes;
    free_.pop_front();
  }
}

}  // namespace janus::cpu
