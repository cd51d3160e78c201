// Large and small letters of every script.
#pragma once

#include <string>
#include <string_view>

namespace janus {

// Letter by letter, by Unicode's simple mappings: what has no single letter of the other kind stays.
// `text`: UTF-8; bytes that are none become U+FFFD.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
// The first letter of each sentence large, all others small. A sentence begins with the text, and behind a
// full stop, exclamation or question mark with white space.
std::string to_sentence_case(std::string_view text);

// What texts have in common that differ in large and small letters, or in how accents are composed, alone:
// Unicode's full case folding, composed.
std::string fold_case(std::string_view text);

}  // namespace janus
