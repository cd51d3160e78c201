// A line of progress that fits: what matters least is left out first, and the time left last.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace janus::cli {

// What a part of the line is worth, from the least.
enum class Worth { rate, bar, phase, count, item, time };

struct LinePart {
  std::string text;
  Worth worth;
};

// The parts one after another, without those of least worth that have no room in `width` columns; what is
// still too long is cut.
std::string fitted(std::vector<LinePart> parts, size_t width);

}  // namespace janus::cli
