// Keys: what an image is called in records and from one run to the next.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace janus::cli {

// The path itself; bytes of it that are no UTF-8, which JSON cannot hold, as \xff.
std::string key_of_path(const std::string& path);

// 128 bits of the key's SHA-256: a key may be long, and there may be millions.
using KeyHash = std::array<uint64_t, 2>;
KeyHash hash_of_key(const std::string& key);

}  // namespace janus::cli
