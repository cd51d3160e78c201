// Parts of a text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace janus {

// Part of a text: bytes [begin, end).
struct TextRange {
  size_t begin = 0;
  size_t end = 0;
};

// Whether bytes [begin, end) share one with any of `ranges`.
inline bool overlaps(std::span<const TextRange> ranges, size_t begin, size_t end) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const TextRange& range) { return range.begin < end && begin < range.end; });
}

// What of `ranges` lies in bytes [begin, end), counted from `begin`.
inline std::vector<TextRange> within(std::span<const TextRange> ranges, size_t begin, size_t end) {
  std::vector<TextRange> result;
  for (const TextRange& range : ranges) {
    const size_t from = std::max(range.begin, begin), to = std::min(range.end, end);
    if (from < to) result.push_back({from - begin, to - begin});
  }
  return result;
}

}  // namespace janus
