// UTF-8: well-formedness, replacement of what is not, and text that arrives in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace janus {

// One step through bytes that may be anything.
struct Utf8Char {
  char32_t code_point = 0;  // U+FFFD where the bytes are ill-formed
  size_t length = 0;        // bytes it takes: of an ill-formed part, the maximal subpart (Unicode 3.9)
  bool well_formed = false;
  bool truncated = false;  // ill-formed only because `text` ends here: more bytes could complete it
};

// The character that starts at `text[0]`. `text` must not be empty.
Utf8Char utf8_front(std::string_view text);
// The last character of `text`, which must be UTF-8 and not empty.
Utf8Char utf8_back(std::string_view text);

bool is_utf8(std::string_view text);

// `text` with U+FFFD for each maximal ill-formed subpart: what Python's errors="replace" gives.
std::string to_utf8(std::string_view text);

// Appends `code_point`, which must be a Unicode scalar value, as UTF-8.
void append_utf8(std::string& text, char32_t code_point);

// Turns bytes that arrive in pieces into whole characters: a character split over pieces is held back until
// its last byte is here. All returned pieces together are to_utf8() of all given bytes.
class Utf8Stream {
 public:
  // The characters that `bytes` completes, ill-formed parts replaced by U+FFFD.
  std::string push(std::string_view bytes);
  // U+FFFD if the text broke off inside a character, else nothing. The stream is empty afterwards.
  std::string finish();

 private:
  std::string held_;  // at most 3 bytes: the beginning of a character
};

}  // namespace janus
