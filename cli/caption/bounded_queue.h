// What one thread makes for another, never more of it than agreed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace janus::cli {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Waits for place. False, and `value` is dropped, once the queue was abandoned.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    place_.wait(lock, [this] { return values_.size() < capacity_ || abandoned_; });
    if (abandoned_) return false;
    values_.push_back(std::move(value));
    filled_.notify_one();
    return true;
  }

  // Waits for a value; nothing once there is none and none will come, or the queue was abandoned.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !values_.empty() || finished_ || abandoned_; });
    return take_locked();
  }

  // Waits at most `wait` for a value.
  std::optional<T> pop_within(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, wait, [this] { return !values_.empty() || finished_ || abandoned_; });
    return take_locked();
  }

  // No more values will come.
  void finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    filled_.notify_all();
  }

  // Nobody will take values any more.
  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    values_.clear();
    filled_.notify_all();
    place_.notify_all();
  }

  // Whether the last value has been taken and none will come.
  bool drained() {
    const std::lock_guard lock(mutex_);
    return values_.empty() && (finished_ || abandoned_);
  }

 private:
  std::optional<T> take_locked() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    place_.notify_one();
    return value;
  }

  const size_t capacity_;
  std::mutex mutex_;
  std::condition_variable filled_, place_;
  std::deque<T> values_;
  bool finished_ = false, abandoned_ = false;
};

// Memory that several threads take pieces of: a piece waits until it fits, or until nothing else is taken.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes) : limit_(bytes) {}

  class Share {
   public:
    Share(MemoryBudget& budget, size_t bytes) : budget_(budget), bytes_(bytes) {
      std::unique_lock lock(budget_.mutex_);
      budget_.freed_.wait(lock,
                          [this] { return budget_.used_ == 0 || budget_.used_ + bytes_ <= budget_.limit_; });
      budget_.used_ += bytes_;
    }
    ~Share() {
      const std::lock_guard lock(budget_.mutex_);
      budget_.used_ -= bytes_;
      budget_.freed_.notify_all();
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    MemoryBudget& budget_;
    const size_t bytes_;
  };

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t used_ = 0;
};

}  // namespace janus::cli
