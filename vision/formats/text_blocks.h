// Text inside JPEG and WebP files, as EXIF (vision/formats/exif_text.h).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vision/image_file.h"

namespace janus {

// The JPEG with `text` in a segment behind its header. A segment holds 64 KiB: what does not fit is left out,
// kParametersKeyword, which repeats others for people, first.
std::vector<std::byte> with_jpeg_text(const std::vector<std::byte>& jpeg, const ImageText& text);
// The text of any JPEG's first EXIF block.
ImageText read_jpeg_text(std::span<const std::byte> bytes);

// `webp`, a file of one image without any text, with `text` in it. width, height: of the image.
std::vector<std::byte> with_webp_text(const std::vector<std::byte>& webp, int width, int height,
                                      const ImageText& text);
// The text of any WebP's first EXIF block.
ImageText read_webp_text(std::span<const std::byte> bytes);

}  // namespace janus
