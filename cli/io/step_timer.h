// Times single steps of janus bench, and what a line of its table holds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor/device.h"
#include "core/tensor/hardware_peaks.h"
#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus::cli {

using Clock = std::chrono::steady_clock;

inline constexpr int kSteps = 16;     // of a decode, measured
inline constexpr int kStepsARun = 4;  // between two measurements of the bandwidth

inline double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  auto middle = values.begin() + static_cast<int64_t>(values.size()) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// One line of the table.
struct Measurement {
  std::string what;
  int rows = 1;
  double ms = 0;
  double bytes = 0;
  std::optional<double> operations;  // a multiply-add is two
  std::optional<double> bound;       // bytes or operations a second, measured between the runs
  std::optional<double> fraction;    // of the bound, where there is one
};

// Times an engine's steps, and measures the bandwidth between every few of them: what a shared machine gives
// changes from second to second.
class StepTimer {
 public:
  StepTimer(Device& device, const PassCost& cost) : device_(device), cost_(cost) {}

  // Steps until all of so many requests run, and then as often as is still to be measured while they do.
  void run(Engine& engine, int requests) {
    while (engine.step() && engine.load().running < requests) {
    }
    while (!done() && engine.load().running == requests) {
      const Clock::time_point start = Clock::now();
      engine.step();
      steps_.push_back(ms_since(start));
      all_.push_back(steps_.back());
      if (steps_.size() == steps_a_run_) end_run();
    }
  }

  bool done() const { return all_.size() >= kSteps; }
  bool has_steps() const { return !all_.empty(); }

  // Of the steps there are: one at least.
  Measurement result(std::string what, int rows) {
    if (!steps_.empty()) end_run();
    return {.what = std::move(what),
            .rows = rows,
            .ms = median(all_),
            .bytes = cost_.bytes,
            .operations = cost_.operations,
            .bound = median(bounds_),
            .fraction = median(fractions_)};
  }

 private:
  void end_run() {
    bounds_.push_back(read_bandwidth(device_));
    fractions_.push_back(cost_.bytes / (median(steps_) / 1000) / bounds_.back());
    steps_.clear();
  }

  Device& device_;
  PassCost cost_;
  // All steps of a device that is steps ahead: those under way would have been waited for with the bandwidth.
  const size_t steps_a_run_ = device_.supports_device_decoding() ? kSteps : kStepsARun;
  std::vector<double> steps_, all_, bounds_, fractions_;
};

}  // namespace janus::cli
