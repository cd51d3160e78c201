#include "tokenizer/text/letter_case.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus {
namespace {

char32_t lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<int32_t>(c))); }
char32_t upper(char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<int32_t>(c))); }

template <typename Map>
std::string mapped(std::string_view text, Map map) {
  std::string result;
  while (!text.empty()) {
    const Utf8Char c = utf8_front(text);
    append_utf8(result, map(c.code_point));
    text.remove_prefix(c.length);
  }
  return result;
}

bool is_letter(char32_t c) { return lower(c) != c || upper(c) != c; }

}  // namespace

std::string to_lower(std::string_view text) { return mapped(text, lower); }

std::string to_upper(std::string_view text) { return mapped(text, upper); }

std::string to_sentence_case(std::string_view text) {
  bool begins = true, ended = false;
  return mapped(text, [&](char32_t c) {
    if (is_letter(c)) {
      const char32_t letter = begins ? upper(c) : lower(c);
      begins = ended = false;
      return letter;
    }
    if (ended && is_space(c)) begins = true;
    ended = c == U'.' || c == U'!' || c == U'?';
    return c;
  });
}

std::string fold_case(std::string_view text) {
  const std::string known = to_utf8(text);
  utf8proc_uint8_t* folded = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(known.data()), static_cast<utf8proc_ssize_t>(known.size()),
      &folded, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(folded, std::free);
  if (length < 0) return known;  // too long for the library: compared as it is
  return {reinterpret_cast<const char*>(folded), static_cast<size_t>(length)};
}

}  // namespace janus
