#include "cli/io/text_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/io/text_input.h"
#include "core/base/error.h"
#include "core/base/strip.h"

namespace janus::cli {
namespace {

// Each takes a few hundred bytes of memory, and a million pictures days.
constexpr size_t kMostLines = 1'000'000;

}  // namespace

std::vector<TextLine> read_text_lines(const std::string& path, const std::string& what) {
  const std::string text = read_text(path, what);
  std::vector<TextLine> lines;
  int64_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (is_blank(line)) continue;
    check(lines.size() < kMostLines, "{}, {}: expected at most {} lines, found more; split the list", what,
          path, kMostLines);
    if (line.back() == '\r') line.pop_back();
    lines.push_back({std::move(line), number, fmt::format("{}, {} line {}", what, path, number)});
  }
  return lines;
}

}  // namespace janus::cli
