#include "core/base/range.h"

#include <cmath>

#include "core/base/error.h"

namespace janus {
namespace {

bool has_end(const IntRange& range) { return range.high != INT32_MAX && range.high != INT64_MAX; }

bool has_end(const RealRange& range) { return range.high > range.low; }

}  // namespace

std::string IntRange::text() const {
  return has_end(*this) ? fmt::format("{} to {}", low, high) : fmt::format("{} or more", low);
}

std::string IntRange::expected() const {
  return fmt::format("a whole number {} {}", has_end(*this) ? "from" : "of", text());
}

void IntRange::check(const char* what, int64_t value) const {
  janus::check(holds(value), "{}: expected {}, found {}; give one of these", what, expected(), value);
}

bool RealRange::holds(double value) const {
  const auto single = static_cast<float>(value);
  if (!std::isfinite(single) || (value != 0 && single == 0)) return false;
  if (open ? !(value > low) : !(value >= low)) return false;
  return !has_end(*this) || value <= high;
}

std::string RealRange::text() const {
  const std::string begin = fmt::format("{}{}", open ? "above " : "", low);
  if (has_end(*this)) return fmt::format("{} to {}", begin, high);
  return open ? begin : begin + " or more";
}

std::string RealRange::expected() const {
  std::string begin = open ? fmt::format("above {}", low) : fmt::format("of {} or more", low);
  return has_end(*this) ? fmt::format("a number {} and at most {}", begin, high) : "a number " + begin;
}

void RealRange::check(const char* what, double value) const {
  janus::check(holds(value), "{}: expected {}, found {}; give one of these", what, expected(), value);
}

}  // namespace janus
