// Letters of ASCII, whatever the locale says of others.
#pragma once

#include <algorithm>
#include <string>

namespace janus {

// `text` with small letters for A to Z; all other bytes stay.
inline std::string ascii_lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return text;
}

}  // namespace janus
