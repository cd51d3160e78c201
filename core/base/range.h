// Ranges of numbers that callers and users give. The library checks by them, and the options of the command
// line are made of them, so that both take the same.
#pragma once

#include <cstdint>
#include <string>

namespace janus {

// Whole numbers from `low` to `high`, both included.
struct IntRange {
  int64_t low = 0;
  int64_t high = INT32_MAX;  // so far, or INT64_MAX: no upper limit

  bool holds(int64_t value) const { return value >= low && value <= high; }
  std::string text() const;      // as help shows it: "1 to 1024", "0 or more"
  std::string expected() const;  // as messages name it: "a whole number of 0 or more"
  // Throws Error naming `what` unless it holds `value`.
  void check(const char* what, int64_t value) const;
};

// Numbers that are finite in single precision, from `low` (or above it, if `open`) to `high`.
struct RealRange {
  double low = 0;
  double high = 0;  // no upper limit where it is not above `low`
  bool open = false;

  // False for what is infinite or vanishes in single precision, in which models compute.
  bool holds(double value) const;
  std::string text() const;      // "0 or more", "above 0 to 1"
  std::string expected() const;  // "a number above 0 and at most 1"
  void check(const char* what, double value) const;
};

}  // namespace janus
