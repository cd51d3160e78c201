// What wakes the one Python thread that waits for many requests, those of coroutines.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace janus::python {

class Bell {
 public:
  // From any thread.
  void ring(uint64_t key) {
    const std::lock_guard lock(mutex_);
    keys_.push_back(key);
    came_.notify_one();
  }
  // Nobody waits any more: wait() returns at once with nothing.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    came_.notify_all();
  }
  // The next key, in the order of the rings; nothing once it is closed.
  std::optional<uint64_t> wait() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return closed_ || !keys_.empty(); });
    if (closed_) return std::nullopt;
    const uint64_t key = keys_.front();
    keys_.pop_front();
    return key;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<uint64_t> keys_;
  bool closed_ = false;
};

}  // namespace janus::python
