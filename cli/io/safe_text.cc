#include "cli/io/safe_text.h"

#include <fmt/format.h>

#include "core/base/utf8.h"

namespace janus::cli {
namespace {

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9), and its line and
// paragraph separators.
bool turns_or_ends_lines(char32_t c) {
  return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

std::string shown(std::string_view text, bool lines) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    const std::string_view bytes = text.substr(0, next.length);
    const char32_t c = next.code_point;
    if (!next.well_formed) {
      for (const char byte : bytes) safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    } else if (lines && (c == '\n' || c == '\t')) {
      safe += bytes;
    } else if (c == '\n') {
      safe += "\\n";
    } else if (is_control(c)) {
      safe += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else if (turns_or_ends_lines(c)) {
      safe += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      safe += bytes;
    }
    text.remove_prefix(next.length);
  }
  return safe;
}

}  // namespace

std::string safe_text(std::string_view text) { return shown(text, /*lines=*/true); }
std::string one_line(std::string_view text) { return shown(text, /*lines=*/false); }

}  // namespace janus::cli
