#include "core/cpu/memory_pool.h"

#include <cstdlib>
#include <limits>

#include "core/error.h"

namespace janus::cpu {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

MemoryPool::~MemoryPool() {
  for (const auto& [bytes, memory] : free_) std::free(memory);
}

std::shared_ptr<void> MemoryPool::allocate(size_t bytes) {
  check(bytes <= std::numeric_limits<size_t>::max() / 2, "memory: expected a size below 2^63, found {} bytes",
        bytes);
  size_t size = std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  void* memory = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = free_.lower_bound(size);
    // A block much larger than asked for would waste what it does not need.
    if (found != free_.end() && found->first <= size + size / 4) {
      size = found->first;
      memory = found->second;
      free_.erase(found);
      free_bytes_ -= size;
    }
  }
  if (memory == nullptr) memory = std::aligned_alloc(kAlignment, size);
  check(memory != nullptr, "memory: expected {:.1f} MiB more, found none left; use a smaller batch or model",
        static_cast<double>(size) / (1 << 20));
  return {memory, [pool = shared_from_this(), size](void* freed) { pool->release(freed, size); }};
}

void MemoryPool::release(void* memory, size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (free_bytes_ + bytes > limit_bytes_) {
    std::free(memory);
    return;
  }
  free_.emplace(bytes, memory);
  free_bytes_ += bytes;
}

}  // namespace janus::cpu
