// Memory of the CPU device.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace janus::cpu {

// Keeps up to a limit of freed blocks for the next allocation: large blocks that go back to the system cost a
// page fault every 4 KiB when they return, which is more than most operations on them. A block that nobody
// has asked for in 10 s goes back with the next that is freed.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  using Clock = std::chrono::steady_clock;

  // now: the time, for tests.
  explicit MemoryPool(size_t limit_bytes, std::function<Clock::time_point()> now = Clock::now)
      : limit_bytes_(limit_bytes), now_(std::move(now)) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Aligned to 64 bytes, from 2 MiB on to large pages; returns to the pool when the last owner lets go, which
  // may be after the pool's creator. Throws Error for sizes beyond reason, MachineFault naming
  // the size where there is no memory, kept blocks included.
  std::shared_ptr<void> allocate(size_t bytes);
  // Of the blocks that are kept.
  size_t free_bytes();

 private:
  void give_back();
  void release(void* memory, size_t bytes);

  const size_t limit_bytes_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  struct Block {
    void* memory;
    size_t bytes;
    Clock::time_point freed;
  };
  std::list<Block> free_;  // freed longest ago first
  size_t free_bytes_ = 0;
};

}  // namespace janus::cpu
