// White space at the ends of prompts and answers, as Python's str.strip() takes it: the reference strips with
// that.
#pragma once

#include <string_view>

namespace janus {

// Whether Python's str.isspace() holds: Unicode's separators (Zs) and what is white space by its direction
// (WS, B, S), so U+001C to U+001F, U+0085, U+00A0 and U+3000 too. Not U+180E, U+200B or U+FEFF.
bool is_space(char32_t code_point);

// `text` without white space at its ends, or at its beginning or end alone. Bytes that are not UTF-8 stay.
std::string_view strip(std::string_view text);
std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);

// Whether strip() leaves nothing.
bool is_blank(std::string_view text);

}  // namespace janus
