// What a file is that is no image this program reads, for messages that name it truly.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace janus {

struct ForeignKind {
  std::string found;       // with its article, as it stands behind "found": "a PDF", "text"
  std::string remedy;      // what to do about it: "convert it to PNG or JPEG"
  std::string image = {};  // where it is an image all the same, what such are counted as: "PSD", "raw photo"
};

// Of camera raw files: what they are counted as, and what to do.
inline constexpr const char* kRawPhoto = "raw photo";
inline constexpr const char* kDevelopPhoto = "develop it to JPEG or TIFF with a raw converter";

// Tells by content. Bytes that nothing is known of are "bytes of no known kind".
ForeignKind foreign_kind(std::span<const std::byte> bytes);

// Camera raw files built like TIFF (CR2, NEF, ARW, DNG and others), whose first directory is a thumbnail or a
// preview, not the photograph; nothing for other TIFF files and for what is none.
std::optional<ForeignKind> raw_photo_kind(std::span<const std::byte> bytes);

}  // namespace janus
