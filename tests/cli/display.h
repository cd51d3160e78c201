// What tests of the display share: runs that are long enough for it, and what --json-progress writes.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {

// The display leaves out what takes less than a second. Calls attempt(count) with ever more, as far as
// `most`, until it takes twice as long; returns the last count.
template <typename Attempt>
int until_shown(int count, int most, Attempt attempt) {
  constexpr std::chrono::seconds kLongEnough(2);
  for (;; count = std::min(most, count * 2)) {
    const auto begin = std::chrono::steady_clock::now();
    attempt(count);
    if (count == most || std::chrono::steady_clock::now() - begin > kLongEnough) return count;
  }
}

// The objects of standard error, in order; expects at least one, and that `phase` never goes back. Returns
// the last one.
inline nlohmann::ordered_json last_progress(const Result& result, const std::string& phase) {
  nlohmann::ordered_json last;
  int64_t before = 0;
  for (const std::string& line : lines_of(result.err)) {
    // All are objects; notices and errors are such too.
    const auto object = nlohmann::ordered_json::parse(line);
    if (!object.contains("phase")) continue;
    last = object;
    if (last["phase"] != phase) continue;
    EXPECT_GE(last["done"].get<int64_t>(), before);
    before = last["done"].get<int64_t>();
  }
  EXPECT_FALSE(last.is_null()) << result.err;
  return last;
}

}  // namespace janus::test
