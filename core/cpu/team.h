// The threads that share the work of one operation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace janus::cpu {

// The caller's thread and others that wait for it, pinned to a processor each. Never more threads than
// processors: further ones could only wait for each other. Who waits spins briefly, then sleeps.
//
// Which ranges there are is a function of the counts alone. A thread begins with its own, so it meets the
// same weights every time, and takes over the ranges of threads that have not begun: none waits for one to
// which the system gives no processor.
class Team {
 public:
  // Ranges that work is cut into; 0: as many as there are processors that this process may use (affinity mask
  // and control-group quota).
  explicit Team(int threads = 0);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return threads_; }

  // Calls body(begin, end) for contiguous, disjoint ranges that cover [0, count): at most one a thread, each
  // but the last a multiple of `step` long. An exception of a body is thrown again here. Where the team is
  // busy (another caller's work, or a call from inside a body), the caller does everything in one range.
  void parallel_for(int64_t count, int64_t step, const std::function<void(int64_t, int64_t)>& body) const;
  void parallel_for(int64_t count, const std::function<void(int64_t, int64_t)>& body) const {
    parallel_for(count, 1, body);
  }

 private:
  class Crew;

  int threads_ = 1;
  std::unique_ptr<Crew> crew_;
};

// Scratch memory of the calling thread that grows to the largest size asked for and stays. `slot` tells apart
// buffers in use at once.
float* scratch(int slot, int64_t floats);

}  // namespace janus::cpu
