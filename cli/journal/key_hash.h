// What stands for a key, or another name, where there may be millions of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace janus::cli {

// 128 bits of the name's SHA-256: two names of one hash cannot be made.
using KeyHash = std::array<uint64_t, 2>;
KeyHash hash_of_key(const std::string& key);
struct HashOfKeyHash {
  size_t operator()(const KeyHash& hash) const { return hash[0]; }
};

}  // namespace janus::cli
