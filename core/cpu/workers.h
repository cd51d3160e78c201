// Threads that wait for pieces of work.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/cpu/thread_pool.h"

namespace janus::cpu {

// The threads of a pool besides the caller's, and the one piece of work they share at a time.
//
// Nobody waits for a thread that sleeps or has no processor: a piece of work is open to whoever comes, its
// ranges are claimed one by one, and once all are claimed it is closed and only those inside are waited for.
//
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): it keeps apart what threads write.
class ThreadPool::Workers {
 public:
  // ranges: the most that work is cut into. processors: one a thread, the caller's first. The threads start
  // with the first piece of work.
  Workers(int ranges, std::vector<int> processors);
  ~Workers();

  // False where another piece of work is being done: then nothing happened.
  bool run(int64_t count, int64_t step, int ranges, const std::function<void(int64_t, int64_t)>& body);

 private:
  void start();
  void serve(size_t thread);
  void work(size_t thread);

  const std::vector<int> processors_;
  std::vector<std::thread> threads_;
  std::atomic<bool> busy_ = false;

  // The piece of work; written while it is closed and nobody is inside.
  const std::function<void(int64_t, int64_t)>* body_ = nullptr;
  int64_t count_ = 0, step_ = 1;
  int ranges_ = 0;
  std::vector<std::atomic<bool>> claimed_;  // one a range
  std::exception_ptr failure_;
  std::mutex failure_mutex_;

  static constexpr uint32_t kOpen = 1U << 31;
  alignas(64) std::atomic<uint32_t> inside_ = 0;  // threads besides the caller's, and kOpen
  alignas(64) std::atomic<uint32_t> pieces_ = 0;  // so far; what idle threads wait for
  std::atomic<bool> ended_ = false;
};

}  // namespace janus::cpu
