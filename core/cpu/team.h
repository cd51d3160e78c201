// The threads that share the work of one operation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace janus::cpu {

// A fixed number of OpenMP threads (oneDNN's too: a process has one team of them). Which thread gets which
// part is a function of the counts alone, so a thread meets the same weights every time.
class Team {
 public:
  // 0 threads: as many as this process may use (affinity mask and control-group quota).
  explicit Team(int threads = 0);

  int threads() const { return threads_; }

  // Calls body(begin, end) for contiguous, disjoint ranges that cover [0, count): at most one range a thread,
  // each but the last a multiple of `step` long. An exception of a body is thrown again here.
  void parallel_for(int64_t count, int64_t step, const std::function<void(int64_t, int64_t)>& body) const;
  void parallel_for(int64_t count, const std::function<void(int64_t, int64_t)>& body) const {
    parallel_for(count, 1, body);
  }

 private:
  int threads_ = 1;
  std::vector<int> processors_;  // to pin to; empty where that is left to others
};

// While it lives, a library that divides its work by OpenMP's number of threads (oneDNN) finds one on this
// thread.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

// Scratch memory of the calling thread that grows to the largest size asked for and stays. `slot` tells apart
// buffers in use at once.
float* scratch(int slot, int64_t floats);

}  // namespace janus::cpu
