#include "cli/journal/key_hash.h"

#include <charconv>

#include "core/base/digest.h"

namespace janus::cli {

KeyHash hash_of_key(const std::string& key) {
  const std::string text = sha256_of(key);
  KeyHash hash{};
  for (size_t i = 0; i < hash.size(); ++i) {
    std::from_chars(text.data() + 16 * i, text.data() + 16 * (i + 1), hash[i], 16);
  }
  return hash;
}

}  // namespace janus::cli
