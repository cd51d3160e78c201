// Text in EXIF blocks, as JPEG and WebP files have them.
//
// The text under kParametersKeyword is the UserComment, in UTF-16: there the Stable Diffusion web UI, its
// forks and the sites that show their images put what a PNG has under the same keyword. All other texts stand
// in the MakerNote, which belongs to whoever made the file, as they are: a mark, then keyword and text, each
// with a zero byte behind it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vision/image_file.h"

namespace janus {

// A block, without kExifMark, of `text` as encode_image() has checked it. What is not UTF-8 becomes U+FFFD.
std::vector<std::byte> exif_block(const ImageText& text);

// The texts of a block, with or without kExifMark, whoever wrote it: any bytes will do. Of other programs
// only the UserComment is read.
ImageText read_exif_text(std::span<const std::byte> bytes);

}  // namespace janus
