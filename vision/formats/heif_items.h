// The items of a HEIF file (ISO/IEC 23008-12): HEIC, AVIF. libheif decodes them; which ones it has to see is
// settled here, as libheif 1.15 refuses whole photographs for links between other items (those of iOS 18
// among them), ignores an alpha image of another size, and follows links in a ring until the stack ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vision/formats/image_header.h"

namespace janus {

struct HeifItems {
  ReadableImageFormat format = ReadableImageFormat::heic;  // or avif
  uint32_t primary = 0;
  std::optional<uint32_t> alpha;  // the item whose luminance is the primary's alpha
  bool premultiplied = false;
  // The file, unchanged in size, in which only what the two are made of is still an item, and nothing but the
  // links from a derived image to its parts is a link.
  std::vector<std::byte> file;
};

// Throws Error for a file that is cut short, holds an image sequence only, or whose primary image is made of
// what libheif does not decode.
HeifItems read_heif_items(std::span<const std::byte> bytes, const std::string& name);

}  // namespace janus
