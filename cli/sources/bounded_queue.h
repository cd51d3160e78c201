// What one thread makes for another, never more of it than agreed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
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

// Whether images are taken as they were listed, or as soon as they are loaded.
enum class ImageOrder { listed, loaded };

// The same for values that several threads make, each with a place of its own from 0 on. As they were
// listed, a value waits until all before it were taken, and at most `capacity` places are open: the thread
// with the next place never waits.
template <typename T>
class OrderedQueue {
 public:
  OrderedQueue(size_t capacity, ImageOrder order) : capacity_(capacity), order_(order) {}

  // As BoundedQueue's.
  bool push(int64_t place, T value) {
    std::unique_lock lock(mutex_);
    place_.wait(lock, [&] { return abandoned_ || has_room(place); });
    if (abandoned_) return false;
    values_.emplace(place, std::move(value));
    filled_.notify_one();
    return true;
  }

  std::optional<T> pop_within(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, wait, [this] { return is_next_there() || finished_ || abandoned_; });
    if (!is_next_there()) return std::nullopt;
    std::optional<T> value(std::move(values_.begin()->second));
    values_.erase(values_.begin());
    ++next_;
    place_.notify_all();
    return value;
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    filled_.notify_all();
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    values_.clear();
    filled_.notify_all();
    place_.notify_all();
  }

  bool drained() {
    const std::lock_guard lock(mutex_);
    return values_.empty() && (finished_ || abandoned_);
  }

 private:
  bool has_room(int64_t place) const {
    if (order_ == ImageOrder::loaded) return values_.size() < capacity_;
    return place < next_ + static_cast<int64_t>(capacity_);
  }
  bool is_next_there() const {
    return !values_.empty() && (order_ == ImageOrder::loaded || values_.begin()->first == next_);
  }

  const size_t capacity_;
  const ImageOrder order_;
  std::mutex mutex_;
  std::condition_variable filled_, place_;
  std::map<int64_t, T> values_;
  int64_t next_ = 0;
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
