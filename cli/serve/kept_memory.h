// Returns memory that requests have freed to the system. The C library keeps it, in as many heaps as threads
// have asked: a server's would grow for hours, and never shrink after one large request.
#pragma once

#include <chrono>

namespace janus::cli {

class KeptMemory {
 public:
  using Clock = std::chrono::steady_clock;

  // Holds the number of heaps down. Before threads are started.
  KeptMemory();

  // To be called every now and then. requests: those under way. Returns memory when they have ended, and from
  // time to time while they go on; whether it did.
  bool look(long requests, Clock::time_point now = Clock::now());

 private:
  Clock::time_point returned_ = Clock::now();
  bool used_ = true;  // since then: loading a model frees much
};

}  // namespace janus::cli
