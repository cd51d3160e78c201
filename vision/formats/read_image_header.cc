#include <optional>

#include "core/base/error.h"
#include "vision/formats/codecs.h"
#include "vision/formats/foreign_kind.h"

namespace janus {
ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name) {
  const std::optional<ReadableImageFormat> format = format_of(bytes);
  const std::optional<ForeignKind> raw = raw_photo_kind(bytes);  // most look like TIFF
  if (!format || raw) {
    const ForeignKind kind = raw ? *raw : foreign_kind(bytes);
    fail("picture {}: expected {}, found {}; {}", name, readable_formats(), kind.found, kind.remedy);
  }
  ImageHeader header = read_header(*format, bytes, name);
  check_size(header, name);
  if (header.frame_width == 0) {
    header.frame_width = header.width;
    header.frame_height = header.height;
  }
  return header;
}

}  // namespace janus
