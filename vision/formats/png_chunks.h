// The chunks of a PNG file, one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace janus {

inline constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

struct PngChunk {
  std::string_view type;  // four letters, "IHDR"
  std::span<const std::byte> data;
  std::span<const std::byte> type_and_data;
  uint32_t checksum = 0;  // as stored: CRC-32 of type and data

  bool intact() const;
};

// Walks a PNG held in memory:  PngChunks chunks(bytes, name); while (chunks.next(chunk)) ...
class PngChunks {
 public:
  // Throws Error if the signature is not there. `name` is for messages; both must outlive this.
  PngChunks(std::span<const std::byte> bytes, const std::string& name);
  // False after IEND. Throws Error where the file ends before IEND.
  bool next(PngChunk& chunk);
  // Whether the file ends before the whole of the next chunk: next() would throw.
  bool ends_here() const;

 private:
  std::span<const std::byte> bytes_;
  const std::string& name_;
  size_t position_ = 0;
  bool ended_ = false;
};

}  // namespace janus
