// Memory that is shared out among threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace janus::cli {

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

// The memory of images on their way, but for a single one that is larger.
struct FeedMemory {
  static constexpr size_t kBytes = size_t{1} << 28;  // of each

  MemoryBudget queued{kBytes};   // files that wait, read already
  MemoryBudget read{kBytes};     // files that are read where they are decoded
  MemoryBudget decoded{kBytes};  // pixels being decoded
};

}  // namespace janus::cli
