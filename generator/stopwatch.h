// Time since a moment, for the timings of a call.
#pragma once

#include <chrono>

namespace janus {

class Stopwatch {
 public:
  // Milliseconds since construction or the last call.
  double lap_ms() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - begin_).count();
    begin_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace janus
