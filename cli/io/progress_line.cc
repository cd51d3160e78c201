#include "cli/io/progress_line.h"

#include <algorithm>

#include "cli/io/wrapped_text.h"

namespace janus::cli {
namespace {

// Without what stood between it and a part that is gone.
std::string joined(const std::vector<LinePart>& parts) {
  std::string text;
  for (const LinePart& part : parts) text += part.text;
  text.erase(0, std::min(text.find_first_not_of(" ,:"), text.size()));
  return text.substr(0, text.find_last_not_of(" ,:") + 1);
}

}  // namespace

std::string fitted(std::vector<LinePart> parts, size_t width) {
  const auto by_worth = [](const LinePart& a, const LinePart& b) { return a.worth < b.worth; };
  while (parts.size() > 1 && columns_of(joined(parts)) > width) {
    parts.erase(std::min_element(parts.begin(), parts.end(), by_worth));
  }
  std::string text = joined(parts);
  while (columns_of(text) > width) {
    do {
      text.pop_back();
    } while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80);
  }
  return text;
}

}  // namespace janus::cli
