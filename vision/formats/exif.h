// The TIFF structure, which EXIF blocks share: tags of the first directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace janus {

// One entry of the directory whose values are whole numbers.
struct TiffTag {
  uint16_t id = 0;
  std::vector<uint64_t> values;
  uint64_t value_offset = 0;  // where in the block the first value stands
  int value_bytes = 0;        // and its size: 1, 2, 4 or 8
};

struct TiffDirectory {
  bool big_endian = false;
  std::vector<TiffTag> tags;

  const TiffTag* find(uint16_t id) const;
  // The tag's value number `index`, or `otherwise` where there is none.
  uint64_t value(uint16_t id, uint64_t otherwise, size_t index = 0) const;
};

inline constexpr uint16_t kTiffOrientation = 274;

// The first directory of a TIFF or BigTIFF block; nothing if `bytes` does not begin like one. Tags that lie
// outside the block or hold no whole numbers are left out.
std::optional<TiffDirectory> read_tiff_directory(std::span<const std::byte> bytes);

// What may stand before a block, and always does in a JPEG.
inline constexpr std::string_view kExifMark("Exif\0\0", 6);

// The value of the tag `id`, text or bytes of any kind, in the EXIF directory that the first directory of a
// block (without kExifMark) points to; empty where there is none. A part of `bytes`.
std::span<const std::byte> exif_value(std::span<const std::byte> bytes, uint16_t id);

// The orientation 1..8 that an EXIF block states (with or without its "Exif\0\0"); 1 where it states none.
int exif_orientation(std::span<const std::byte> bytes);

}  // namespace janus
