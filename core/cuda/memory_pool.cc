#include "core/cuda/memory_pool.h"

#include "core/base/error.h"
#include "core/cuda/pooled_size.h"

namespace janus::cuda {
namespace {

constexpr size_t kMostBytes = size_t{1} << 42;  // beyond any GPU

}  // namespace

GpuMemoryPool::~GpuMemoryPool() { release_all(); }

void GpuMemoryPool::release_kept() {
  const std::lock_guard lock(mutex_);
  release_all();
}

void GpuMemoryPool::release_all() {
  for (const auto& [bytes, memory] : kept_) {
    source_.give_back(memory);
    taken_bytes_ -= bytes;
  }
  kept_.clear();
  kept_bytes_ = 0;
}

size_t GpuMemoryPool::taken_bytes() const {
  const std::lock_guard lock(mutex_);
  return taken_bytes_;
}

size_t GpuMemoryPool::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return kept_bytes_;
}

void* GpuMemoryPool::take(size_t bytes) {
  void* memory = source_.take(bytes);
  if (memory == nullptr && !kept_.empty()) {
    release_all();
    memory = source_.take(bytes);
  }
  if (memory != nullptr) taken_bytes_ += bytes;
  return memory;
}

std::shared_ptr<void> GpuMemoryPool::allocate(size_t bytes) {
  check(bytes <= kMostBytes,
        "memory, device cuda: expected at most {} bytes for one tensor, found {}; use a "
        "smaller batch or model",
        kMostBytes, bytes);
  size_t size = pooled_size(bytes);
  void* memory = nullptr;
  {
    const std::lock_guard lock(mutex_);
    // The smallest that is large enough; one much larger would waste what it does not need.
    const auto kept = kept_.lower_bound(size);
    if (kept != kept_.end() && kept->first <= size + size / 4) {
      size = kept->first;
      memory = kept->second;
      kept_bytes_ -= size;
      kept_.erase(kept);
    } else {
      memory = take(size);
    }
  }
  if (const std::shared_ptr<GpuMemoryPool> other = other_.lock(); memory == nullptr && other) {
    other->release_kept();  // never with this pool's lock: the other may be doing the same
    const std::lock_guard lock(mutex_);
    memory = take(size);
  }
  check(memory != nullptr,
        "memory, device cuda: expected {:.1f} MiB more, found {:.1f} MiB left on the GPU; use --type q8_0, "
        "fewer images at once or --device cpu",
        static_cast<double>(size) / (1 << 20), static_cast<double>(source_.room()) / (1 << 20));
  return {memory, [pool = shared_from_this(), size](void* freed) {
            const std::lock_guard lock(pool->mutex_);
            pool->kept_.emplace(size, freed);
            pool->kept_bytes_ += size;
          }};
}

}  // namespace janus::cuda
