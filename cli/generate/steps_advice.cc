#include "cli/generate/steps_advice.h"

#include <fmt/format.h>

#include <cmath>

namespace janus::cli {
namespace {

// So long an image may take without advice.
constexpr double kLongMinutes = 2;
// Images of fewer steps lose much.
constexpr int64_t kFewSteps = 10;

}  // namespace

std::optional<std::string> StepsAdvice::look(int64_t done, int64_t total, Clock::time_point now) {
  if (done == 0) {
    if (!begin_) begin_ = now;
    return std::nullopt;
  }
  if (looked_ || !begin_) return std::nullopt;
  looked_ = true;
  const double step = std::chrono::duration<double>(now - *begin_).count() / 60 / static_cast<double>(done);
  const double minutes = step * static_cast<double>(total), fewer = step * static_cast<double>(kFewSteps);
  if (minutes < kLongMinutes || total <= kFewSteps) return std::nullopt;
  return fmt::format("{} steps take about {:.0f} minutes; --steps {} takes {:.0f}", total, minutes, kFewSteps,
                     std::ceil(fewer));
}

}  // namespace janus::cli
