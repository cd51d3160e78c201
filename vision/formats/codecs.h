// What reads and writes each format of image files: a header reader and a decoder, an encoder. Most live in
// modules (vision/formats/image_module.h); which, the table in vision/formats/format_table.cc says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vision/formats/image_header.h"
#include "vision/image.h"
#include "vision/image_file.h"

namespace janus {

class ByteView;

// Interleaved 8-bit channels: grey, grey and alpha, RGB or RGBA. What had 16 bits keeps its high byte.
struct Pixels {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<uint8_t> values;
  std::string warning{};  // as DecodedImage's, of what only decoding shows
};

// A header reader tells sizes and the like without decoding pixels; whoever calls it checks the size. A
// decoder gets the header that the reader of its format returned, and as `bytes` header.rewritten where that
// is not empty. Both throw Error for damaged data, and for kinds that they would not read right.
using HeaderReader = ImageHeader(std::span<const std::byte> bytes, const std::string& name);
using Decoder = Pixels(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name);
// quality: as encode_image() has it.
using Encoder = std::vector<std::byte>(const Image& image, int quality);

// In the program.
HeaderReader read_jpeg_header, read_png_header, read_gif_header, read_bmp_header;
Decoder decode_bmp;
Decoder decode_with_stb;  // the whole of what stb_image takes for an image
Decoder decode_jpeg_with_stb, decode_png_with_stb;
HeaderReader read_pnm_header;
Decoder decode_pnm;
bool is_pnm(const ByteView& start);

// In the module `images`.
Decoder decode_jpeg, decode_png, decode_webp, decode_gif;
HeaderReader read_webp_header;
Encoder encode_jpeg, encode_png, encode_webp;

// In the module `tiff`.
HeaderReader read_tiff_header;
Decoder decode_tiff;

// In the module `heif`; read_heif_header and decode_heif serve HEIC and AVIF.
HeaderReader read_heif_header, read_jxl_header;
Decoder decode_heif, decode_jxl;

// In the module `jp2`.
HeaderReader read_jp2_header;
Decoder decode_jp2;

// The format that a file's first bytes show; nothing for none of those in the table.
std::optional<ReadableImageFormat> format_of(std::span<const std::byte> bytes);
// "JPEG, PNG or GIF", all of the table, for messages.
std::string readable_formats();
// By the table, too: each finds the row of the format and calls what reads or writes it, which opens its
// module. Throws Error that names the module where that is missing and nothing in the program reads the
// format.
ImageHeader read_header(ReadableImageFormat format, std::span<const std::byte> bytes,
                        const std::string& name);
Pixels decode_pixels(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name);
std::vector<std::byte> encode_pixels(const Image& image, ImageFormat format, int quality);
bool can_encode(ImageFormat format);

// stb_image_write writes JPEG and PNG.
Encoder encode_jpeg_with_stb, encode_png_with_stb;

}  // namespace janus
