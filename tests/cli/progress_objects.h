// What --json-progress writes.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {

// The objects of standard error, in order; expects at least one, and that `phase` never goes back. Returns
// the last one.
inline nlohmann::ordered_json last_progress(const Result& result, const std::string& phase) {
  nlohmann::ordered_json last;
  int64_t before = 0;
  for (const std::string& line : lines_of(result.err)) {
    if (line.front() != '{') continue;
    last = nlohmann::ordered_json::parse(line);
    if (last["phase"] != phase) continue;
    EXPECT_GE(last["done"].get<int64_t>(), before);
    before = last["done"].get<int64_t>();
  }
  EXPECT_FALSE(last.is_null()) << result.err;
  return last;
}

}  // namespace janus::test
