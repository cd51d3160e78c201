// Threads that take work in the order it comes.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/serve/service.h"

namespace janus::cli {

class WorkerPool : public Workers {
 public:
  explicit WorkerPool(int threads);
  // Waits for the work in hand; what waits is let go of.
  ~WorkerPool() override;
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // What the work throws is lost: it answers for itself.
  void post(std::function<void()> work) override;

 private:
  void end();
  void run();

  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::function<void()>> waiting_;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace janus::cli
