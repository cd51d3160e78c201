// Memory of a GPU.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace janus::cuda {

// Where blocks come from. `take` gives null where there is no room.
struct GpuMemorySource {
  std::function<void*(size_t bytes)> take;
  std::function<void(void* memory)> give_back;
  std::function<size_t()> room;  // for messages
};

// Keeps freed blocks for the next allocation: the runtime's own take far longer than most operations and wait
// for the GPU. A block that fits is used again at once, since all work is in one stream. What is kept goes
// back when there is no room otherwise.
class GpuMemoryPool : public std::enable_shared_from_this<GpuMemoryPool> {
 public:
  explicit GpuMemoryPool(GpuMemorySource source) : source_(std::move(source)) {}
  ~GpuMemoryPool();
  GpuMemoryPool(const GpuMemoryPool&) = delete;
  GpuMemoryPool& operator=(const GpuMemoryPool&) = delete;

  // Aligned to 256 bytes; returns to the pool when the last owner lets go, which may be after the device.
  // Throws Error naming the size and what is left.
  std::shared_ptr<void> allocate(size_t bytes);

  // Another pool of the same memory, which gives back what it keeps where this one finds no room.
  void share(const std::shared_ptr<GpuMemoryPool>& other) { other_ = other; }
  // Gives what is kept back to the source.
  void release_kept();

  // The bytes taken from the source, and those of them that are not in use.
  size_t taken_bytes() const;
  size_t kept_bytes() const;

 private:
  void* take(size_t bytes);
  void release_all();

  GpuMemorySource source_;
  std::weak_ptr<GpuMemoryPool> other_;
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> kept_;
  size_t taken_bytes_ = 0, kept_bytes_ = 0;
};

}  // namespace janus::cuda
