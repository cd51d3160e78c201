#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

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

}  // namespace

ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name) {
  const std::optional<ReadableImageFormat> format = format_of(bytes);
  check(format.has_value(), "picture {}: expected {}, found {}; name a picture file", name,
        readable_formats(), describe_bytes(ByteView(bytes, ByteView::Order::little)));
  ImageHeader header = read_header(*format, bytes, name);
  check_size(header, name);
  if (header.frame_width == 0) {
    header.frame_width = header.width;
    header.frame_height = header.height;
  }
  return header;
}

}  // namespace janus
