// Conditions on images: "width>=512", "bytes<5000000 and aspect<=2".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace janus::cli {

// What is known of an image before its pixels are.
struct ImageFacts {
  int64_t width = 0, height = 0, bytes = 0;
};

struct Condition {
  std::string field, op;
  double value = 0;

  bool holds(const ImageFacts& facts) const;
};

// Adds the conditions of `text`, joined by "and". Returns what was expected instead, or nothing.
std::string read_conditions(const std::string& text, std::vector<Condition>& conditions);

}  // namespace janus::cli
