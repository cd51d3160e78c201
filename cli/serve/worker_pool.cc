#include "cli/serve/worker_pool.h"

#include "core/base/start_thread.h"

namespace janus::cli {

WorkerPool::WorkerPool(int threads) {
  threads_.reserve(static_cast<size_t>(threads));
  try {
    for (int i = 0; i < threads; ++i) threads_.push_back(start_thread([this] { run(); }));
  } catch (const std::exception&) {
    end();
    throw;
  }
}

WorkerPool::~WorkerPool() { end(); }

void WorkerPool::end() {
  std::deque<std::function<void()>> left;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    left.swap(waiting_);
    came_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (ends_) return;
  waiting_.push_back(std::move(work));
  came_.notify_one();
}

void WorkerPool::run() {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      came_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
      if (ends_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      work();
    } catch (const std::exception&) {
      // An exchange that it held answers 500.
    }
  }
}

}  // namespace janus::cli
