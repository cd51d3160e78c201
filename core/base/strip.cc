#include "core/base/strip.h"

#include "core/base/utf8.h"

namespace janus {
namespace {

constexpr size_t kLongestCharacter = 3;  // bytes of white space, U+3000 for example

// The bytes of the white space that `text` ends with; 0 where it ends with none.
size_t trailing_space(std::string_view text) {
  for (size_t length = 1; length <= kLongestCharacter && length <= text.size(); ++length) {
    const Utf8Char last = utf8_front(text.substr(text.size() - length));
    if (last.well_formed) return last.length == length && is_space(last.code_point) ? length : 0;
  }
  return 0;
}

}  // namespace

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string_view strip_left(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char first = utf8_front(text);
    if (!first.well_formed || !is_space(first.code_point)) break;
    text.remove_prefix(first.length);
  }
  return text;
}

std::string_view strip_right(std::string_view text) {
  while (const size_t length = trailing_space(text)) text.remove_suffix(length);
  return text;
}

std::string_view strip(std::string_view text) { return strip_right(strip_left(text)); }

bool is_blank(std::string_view text) { return strip_left(text).empty(); }

}  // namespace janus
