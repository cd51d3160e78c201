#include "vision/formats/image_header.h"

#include <algorithm>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/png_chunks.h"
#include "vision/image.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

// OpenCV refuses longer sides on its own, and prints when it does.
constexpr int64_t kMaxSide = int64_t{1} << 20;

std::string describe_bytes(const ByteView& view) {
  if (view.size() == 0) return "an empty file";
  if (view.has_text(4, "ftypavif") || view.has_text(4, "ftyphei") || view.has_text(4, "ftypmif1")) {
    return "an AVIF or HEIC file";
  }
  if (view.has_text(0, "%PDF")) return "a PDF";
  const auto is_text = [](std::byte byte) {
    const auto value = static_cast<uint8_t>(byte);
    return value >= 0x20 ? value != 0x7F : value == '\n' || value == '\r' || value == '\t' || value == '\f';
  };
  const auto start = view.part(0, 512);
  return std::all_of(start.begin(), start.end(), is_text) ? "text" : "bytes of no known kind";
}

ImageHeader read_any_header(std::span<const std::byte> bytes, const std::string& name) {
  const ByteView view(bytes, ByteView::Order::little);
  if (view.has_text(0, "\xFF\xD8\xFF")) return read_jpeg_header(bytes, name);
  if (view.has_text(0, kPngSignature)) return read_png_header(bytes, name);
  if (view.has_text(0, "GIF87a") || view.has_text(0, "GIF89a")) return read_gif_header(bytes, name);
  if (view.has_text(0, "RIFF") && view.has_text(8, "WEBP")) return read_webp_header(bytes, name);
  const auto tiff_marks = {"II\x2A\0"sv, "MM\0\x2A"sv, "II\x2B\0"sv, "MM\0\x2B"sv};
  for (const std::string_view mark : tiff_marks) {
    if (view.has_text(0, mark)) return read_tiff_header(bytes, name);
  }
  // Two letters are little to go by: text may begin with them too.
  if (view.has_text(0, "BM") && view.u32(14) >= 12 && view.u32(14) <= 256)
    return read_bmp_header(bytes, name);
  fail("picture {}: expected JPEG, PNG, GIF, BMP, WebP or TIFF, found {}; name a picture file", name,
       describe_bytes(view));
}

}  // namespace

const char* name_of(ReadableImageFormat format) {
  switch (format) {
    case ReadableImageFormat::jpeg:
      return "JPEG";
    case ReadableImageFormat::png:
      return "PNG";
    case ReadableImageFormat::gif:
      return "GIF";
    case ReadableImageFormat::bmp:
      return "BMP";
    case ReadableImageFormat::webp:
      return "WebP";
    case ReadableImageFormat::tiff:
      return "TIFF";
  }
  return "";
}

void fail_cut_short(ReadableImageFormat format, size_t bytes, const std::string& name) {
  fail("picture {}: expected a whole {}, found one cut short after {} bytes; copy or download it again", name,
       name_of(format), bytes);
}

void check_size(const ImageHeader& header, const std::string& name) {
  const bool fits = header.width > 0 && header.height > 0 && header.width <= kMaxSide &&
                    header.height <= kMaxSide && header.width * header.height <= kMaxPixels;
  check(fits, "picture {}: expected 1 to {} pixels and sides of at most {}, found {} x {}; resize it first",
        name, kMaxPixels, kMaxSide, header.width, header.height);
}

ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header = read_any_header(bytes, name);
  check_size(header, name);
  if (header.frame_width == 0) {
    header.frame_width = header.width;
    header.frame_height = header.height;
  }
  return header;
}

}  // namespace janus
