// What to do about an image that takes long to draw by flow.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace janus::cli {

// Looks at the first image of a run, of which the first step tells how long all of them take.
class StepsAdvice {
 public:
  using Clock = std::chrono::steady_clock;

  // After `done` of `total` steps, 0 at the image's beginning. Returns once, where an image takes two minutes
  // or more of steps and fewer of them would do, how long it takes and what fewer take.
  std::optional<std::string> look(int64_t done, int64_t total, Clock::time_point now);

 private:
  std::optional<Clock::time_point> begin_;
  bool looked_ = false;  // at a step
};

}  // namespace janus::cli
