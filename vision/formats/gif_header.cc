#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/image_header.h"

namespace janus {
namespace {

uint64_t color_table_bytes(uint8_t flags) {
  return (flags & 0x80) != 0 ? uint64_t{3} << ((flags & 7) + 1) : 0;
}

// Past the chain of sub-blocks at `position`; nothing below view.size() is returned if it does not end.
uint64_t after_sub_blocks(const ByteView& view, uint64_t position) {
  while (view.contains(position, 1) && view.u8(position) != 0) position += 1 + view.u8(position);
  return position + 1;
}

}  // namespace

ImageHeader read_gif_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::gif;
  const ByteView view(bytes, ByteView::Order::little);
  header.width = view.u16(6);
  header.height = view.u16(8);
  constexpr uint8_t kExtension = 0x21;
  constexpr uint8_t kFrame = 0x2C;
  uint64_t position = 13 + color_table_bytes(view.u8(10));
  while (view.u8(position) == kExtension) position = after_sub_blocks(view, position + 2);
  if (!view.contains(position, 1)) fail_cut_short(header.format, bytes.size(), name);
  check(view.u8(position) == kFrame, "picture {}: expected a GIF with a frame, found none in it", name);

  const uint64_t data = position + 10 + color_table_bytes(view.u8(position + 9)) + 1;
  if (!view.contains(data, 2)) fail_cut_short(header.format, bytes.size(), name);
  if (after_sub_blocks(view, data) > view.size()) {
    header.warning = "picture " + name + ": the GIF is cut short; the part that is missing is blank";
  }
  return header;
}

}  // namespace janus
