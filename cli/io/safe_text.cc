#include "cli/io/safe_text.h"

#include <fmt/format.h>

#include "core/base/control_chars.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

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
