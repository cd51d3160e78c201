// Hashes that name and prove contents: SHA-256 and, for git's blobs, SHA-1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace janus {

enum class DigestKind { sha1, sha256 };

// Computes the digest of bytes that come in pieces. Source: FIPS 180-4.
class Digest {
 public:
  explicit Digest(DigestKind kind);

  void add(std::span<const std::byte> bytes);
  // Returns the digest of everything added, in lower-case hexadecimal. Nothing may be added afterwards.
  std::string finish();

 private:
  void add_block(const std::byte* block);

  DigestKind kind_;
  std::array<uint32_t, 8> state_{};
  std::array<std::byte, 64> rest_{};  // the beginning of a block
  uint64_t bytes_ = 0;
};

// The SHA-256 of all of it.
std::string sha256_of(std::string_view bytes);

}  // namespace janus
