// A request under way: what the engine's thread tells of it, kept for the Python thread that asks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "python/src/bell.h"

namespace janus::python {

// Nothing but its end is told of a request.
using NoPieces = std::monostate;

// The engine's thread calls push() and then, once, finish() or fail(); any other calls the rest. Nothing here
// touches Python, so that the engine never waits for its lock.
template <typename Result, typename Piece = NoPieces>
class Pending {
 public:
  // Rings with `key` for every piece and for the end; null: nobody listens.
  Pending(std::shared_ptr<Bell> bell, uint64_t key) : bell_(std::move(bell)), key_(key) {}

  void push(Piece piece) {
    {
      const std::lock_guard lock(mutex_);
      pieces_.push_back(std::move(piece));
    }
    tell();
  }
  void finish(Result result) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      result_.emplace(std::move(result));
      ended_ = true;
    }
    tell();
  }
  void fail(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      error_ = std::move(error);
      ended_ = true;
    }
    tell();
  }

  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  // Waits for the end, so many seconds at most. Returns whether it has come.
  bool wait(double seconds) const {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return ended_; });
  }
  // The next piece that was told, waiting for one so many seconds at most; nothing where none has come.
  std::optional<Piece> next(double seconds) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::duration<double>(seconds),
                   [this] { return ended_ || !pieces_.empty(); });
    if (pieces_.empty()) return std::nullopt;
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }
  // The result, once; rethrows the error that it ended with. Must have ended.
  Result take() {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    return std::move(*std::exchange(result_, std::nullopt));
  }

 private:
  void tell() {
    came_.notify_all();
    if (bell_) bell_->ring(key_);
  }

  const std::shared_ptr<Bell> bell_;
  const uint64_t key_;
  mutable std::mutex mutex_;  // guards all below
  mutable std::condition_variable came_;
  std::deque<Piece> pieces_;
  std::optional<Result> result_;
  std::exception_ptr error_;
  bool ended_ = false;
};

}  // namespace janus::python
