// Text inside PNG files.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vision/image_file.h"

namespace janus {

// The PNG with `text`, as encode_image() has checked it, in chunks after its header. Broken UTF-8 becomes
// U+FFFD.
std::vector<std::byte> with_png_text(const std::vector<std::byte>& png, const ImageText& text);

// The text chunks of a PNG (tEXt, zTXt is skipped, iTXt uncompressed). Throws Error if it is not a PNG or is
// torn.
ImageText read_png_text(std::span<const std::byte> bytes, const std::string& name);

}  // namespace janus
