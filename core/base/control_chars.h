// Characters that do more than show: what a terminal obeys, and what changes the order in which text is read.
#pragma once

namespace janus {

// C0, line ends and tabs included, DEL and C1.
constexpr bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9), and its line and
// paragraph separators.
constexpr bool turns_or_ends_lines(char32_t c) {
  return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

}  // namespace janus
