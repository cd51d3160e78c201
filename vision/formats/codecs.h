// The libraries that turn files into pixels and back. Which build of decode_pixels and its neighbours is
// linked, opencv_codec.cc or light_codec.cc, is decided in vision/CMakeLists.txt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vision/formats/image_header.h"
#include "vision/image.h"
#include "vision/image_file.h"

namespace janus {

// Interleaved 8-bit channels: grey, grey and alpha, RGB or RGBA. What had 16 bits keeps its high byte.
struct Pixels {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<uint8_t> values;
};

// `bytes` are header.rewritten where that is not empty. Throws Error for damaged data.
Pixels decode_pixels(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name);
// JPEG and WebP at quality 95. `format` is one of writable_formats().
std::vector<std::byte> encode_pixels(const Image& image, ImageFormat format);
std::vector<ImageFormat> writable_formats();

// stb_image reads JPEG, PNG, BMP and GIF; stb_image_write writes JPEG and PNG.
Pixels decode_with_stb(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name);
std::vector<std::byte> encode_with_stb(const Image& image, ImageFormat format);

}  // namespace janus
