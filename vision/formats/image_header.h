// What an image file says about itself before its pixels are decoded, so that
// sizes are known before any library allocates and each format's oddities are settled in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vision/image.h"

namespace janus {

// The formats that decode_image() reads; ImageFormat (vision/image_file.h) has those that are written.
enum class ReadableImageFormat : uint8_t { jpeg, png, gif, bmp, webp, tiff, heic, avif, jxl, jp2, pnm };
const char* name_of(ReadableImageFormat format);

// What a fourth (or second) channel means: coverage of the stored colour, coverage already multiplied in,
// nothing.
enum class Alpha : uint8_t { straight, premultiplied, ignored };

struct ImageHeader {
  ReadableImageFormat format = ReadableImageFormat::jpeg;
  int64_t width = 0;  // as stored, before the orientation
  int64_t height = 0;
  int orientation = 1;  // EXIF's 1..8
  Alpha alpha = Alpha::straight;
  std::string warning;  // as DecodedImage's

  // The pixels decoded may be one frame of the image, placed here (WebP animations).
  int64_t frame_left = 0;
  int64_t frame_top = 0;
  int64_t frame_width = 0;
  int64_t frame_height = 0;

  // A JPEG's sides are decoded at 1/shrink: 1, 2, 4 or 8. What it takes besides its pixels, a progressive one
  // for instance, is bounded by what one of `pixel_limit` pixels takes.
  int shrink = 1;
  int64_t pixel_limit = kMaxPixels;
  int64_t shrunk(int64_t side) const { return (side + shrink - 1) / shrink; }
  int64_t decoded_pixels() const { return shrunk(width) * shrunk(height); }

  // What to decode in place of the file, where it is not empty.
  std::vector<std::byte> rewritten;
};

// Tells the format by the first bytes and reads the header. Throws Error for anything but an image of these
// formats, for one that is cut short where that shows, for kinds no decoder here serves, and for sizes out of
// range, where a JPEG cannot be shrunk into it.
ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name,
                              int64_t pixel_limit = kMaxPixels);

// Throws Error for sizes without pixels, or beyond header.pixel_limit once they are shrunk.
void check_size(const ImageHeader& header, const std::string& name);
[[noreturn]] void fail_cut_short(ReadableImageFormat format, size_t bytes, const std::string& name);

}  // namespace janus
