// Kinds of characters, as Rust's standard library and the crate `regex` (behind `tokenizers`) define them.
#pragma once

namespace janus {

bool is_white_space(char32_t c);  // Unicode's White_Space
bool is_numeric(char32_t c);      // Nd, Nl, No
bool is_mark(char32_t c);         // Mn, Mc, Me
bool is_word(char32_t c);         // letters, marks, decimal digits, connectors, joiners

}  // namespace janus
