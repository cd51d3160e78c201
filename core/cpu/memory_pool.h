// Memory of the CPU device.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace janus::cpu {

// Keeps up to a limit of freed blocks for the next allocation: large blocks that go back to the system cost a
// page fault every 4 KiB when they return, which is more than most operations on them.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  explicit MemoryPool(size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Aligned to 64 bytes; returns to the pool when the last owner lets go, which may be after the pool's
  // creator. Throws Error naming the size.
  std::shared_ptr<void> allocate(size_t bytes);

 private:
  void release(void* memory, size_t bytes);

  const size_t limit_bytes_;
  std::mutex mutex_;
  struct Block {
    void* memory;
    size_t bytes;
  };
  std::list<Block> free_;  // freed longest ago first
  size_t free_bytes_ = 0;
};

}  // namespace janus::cpu
