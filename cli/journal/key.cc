#include "cli/journal/key.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/digest.h"
#include "core/base/utf8.h"

namespace janus::cli {

std::string key_of_path(const std::string& path) {
  if (is_utf8(path)) return path;
  std::string key;
  for (std::string_view rest = path; !rest.empty();) {
    const Utf8Char front = utf8_front(rest);
    for (size_t i = 0; i < front.length; ++i) {
      key += front.well_formed ? std::string(1, rest[i])
                               : fmt::format("\\x{:02x}", static_cast<unsigned char>(rest[i]));
    }
    rest.remove_prefix(front.length);
  }
  return key;
}

KeyHash hash_of_key(const std::string& key) {
  const std::string text = sha256_of(key);
  KeyHash hash{};
  for (size_t i = 0; i < hash.size(); ++i) {
    std::from_chars(text.data() + 16 * i, text.data() + 16 * (i + 1), hash[i], 16);
  }
  return hash;
}

}  // namespace janus::cli
