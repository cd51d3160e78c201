// What some threads make for others, never more of it than agreed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace janus::cli {

// Whether images are taken as they were listed, or as soon as they are loaded.
enum class ImageOrder { listed, loaded };

// Values that have a place of their own each, from 0 on. As they were listed, a value waits until all before
// it were taken, and at most `capacity` places are open: the thread with the next place never waits. As they
// are loaded, at most `capacity` values wait, of which the one with the lowest place is taken first.
template <typename T>
class OrderedQueue {
 public:
  OrderedQueue(size_t capacity, ImageOrder order) : capacity_(capacity), order_(order) {}

  // Waits for room. False, and `value` is dropped, once the queue was abandoned.
  bool push(int64_t place, T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return abandoned_ || has_room(place); });
    if (abandoned_) return false;
    values_.emplace(place, std::move(value));
    filled_.notify_one();
    return true;
  }

  // Waits for a value; nothing once there is none and none will come, or the queue was abandoned.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return is_ready(); });
    return take_locked();
  }

  // Waits at most `wait` for a value.
  std::optional<T> pop_within(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, wait, [this] { return is_ready(); });
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
    room_.notify_all();
  }

  // Whether the last value has been taken and none will come.
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
  bool is_ready() const { return is_next_there() || finished_ || abandoned_; }

  std::optional<T> take_locked() {
    if (!is_next_there()) return std::nullopt;
    std::optional<T> value(std::move(values_.begin()->second));
    values_.erase(values_.begin());
    ++next_;
    room_.notify_all();
    // Who was told of it by its push may have found that it was not the next.
    if (is_next_there()) filled_.notify_one();
    return value;
  }

  const size_t capacity_;
  const ImageOrder order_;
  std::mutex mutex_;
  std::condition_variable filled_, room_;
  std::map<int64_t, T> values_;
  int64_t next_ = 0;
  bool finished_ = false, abandoned_ = false;
};

}  // namespace janus::cli
