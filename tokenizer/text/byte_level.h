// The byte level of GPT-2: every byte written as one printable character, so that a vocabulary can be kept as
// text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace janus {

// Each byte of `bytes` as its character: ! to ~, U+00A1 to U+00AC and U+00AE to U+00FF for themselves, the
// others in order from U+0100 (a space is U+0120).
std::string to_byte_level(std::string_view bytes);

// The bytes that `text` stands for; nothing if a character of it stands for none.
std::optional<std::string> from_byte_level(std::string_view text);

// The byte of "<0x0A>" and the like: how SentencePiece writes bytes of characters it has no token for.
// Nothing for any other text.
std::optional<char> from_byte_fallback(std::string_view token);

}  // namespace janus
