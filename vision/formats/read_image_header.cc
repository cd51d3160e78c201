#include <fmt/format.h>

#include <optional>

#include "core/base/error.h"
#include "vision/formats/codecs.h"
#include "vision/formats/foreign_kind.h"

namespace janus {
namespace {

// What the DCT of a JPEG gives away for nothing.
void shrink_to_limit(ImageHeader& header) {
  constexpr int kMostShrunk = 8;
  while (header.shrink < kMostShrunk && header.decoded_pixels() > header.pixel_limit) header.shrink *= 2;
}

}  // namespace

ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name,
                              int64_t pixel_limit) {
  const std::optional<ReadableImageFormat> format = format_of(bytes);
  const std::optional<ForeignKind> raw = raw_photo_kind(bytes);  // most look like TIFF
  if (!format || raw) {
    const ForeignKind kind = raw ? *raw : foreign_kind(bytes);
    fail("picture {}: expected {}, found {}; {}", name, readable_formats(), kind.found, kind.remedy);
  }
  ImageHeader header = read_header(*format, bytes, name);
  header.pixel_limit = pixel_limit;
  if (*format == ReadableImageFormat::jpeg) {
    shrink_to_limit(header);
    if (header.shrink > 1 && header.warning.empty()) {
      header.warning =
          fmt::format("picture {}: its {} x {} pixels are more than {}: it is decoded at 1/{} of its sides",
                      name, header.width, header.height, pixel_limit, header.shrink);
    }
  }
  check_size(header, name);
  if (header.frame_width == 0) {
    header.frame_width = header.width;
    header.frame_height = header.height;
  }
  return header;
}

}  // namespace janus
