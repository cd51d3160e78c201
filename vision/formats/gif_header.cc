#include <algorithm>
#include <string_view>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/image_header.h"
#include "vision/image.h"

namespace janus {
namespace {

constexpr uint8_t kTableFlag = 0x80;
constexpr uint8_t kTableSize = 0x07;
constexpr uint8_t kInterlaced = 0x40;

struct ColorTable {
  std::span<const std::byte> colors;  // three bytes each
  uint8_t size = 0;                   // as the flags hold it: 2^(size + 1) colours
};

struct Frame {
  uint64_t position = 0;  // of its descriptor
  bool transparent = false;
  uint8_t transparent_index = 0;
};

void append(std::vector<std::byte>& bytes, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
}

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// The table behind `flags`; empty where they announce none. Moves `position` past it.
ColorTable read_table(const ByteView& view, uint8_t flags, uint64_t& position) {
  if ((flags & kTableFlag) == 0) return {};
  ColorTable table;
  table.size = flags & kTableSize;
  const uint64_t bytes = uint64_t{3} << (table.size + 1);
  table.colors = view.part(position, bytes);
  position += bytes;
  return table;
}

// Past the chain of sub-blocks at `position`; beyond view.size() if it does not end.
uint64_t after_sub_blocks(const ByteView& view, uint64_t position) {
  while (view.contains(position, 1) && view.u8(position) != 0) position += 1 + view.u8(position);
  return position + 1;
}

// The first frame at or behind `position`. Bytes that begin no block are passed over, as others do.
Frame find_frame(const ByteView& view, uint64_t position, const std::string& name) {
  constexpr uint8_t kExtension = 0x21, kDescriptor = 0x2C, kTrailer = 0x3B;
  constexpr uint8_t kGraphicControl = 0xF9;
  Frame frame;
  for (; view.contains(position, 1); ++position) {
    const uint8_t introducer = view.u8(position);
    check(introducer != kTrailer, "picture {}: expected a GIF with a frame, found none in it; save it anew",
          name);
    if (introducer == kDescriptor) {
      frame.position = position;
      return frame;
    }
    if (introducer != kExtension) continue;
    if (view.u8(position + 1) == kGraphicControl && view.u8(position + 2) >= 4) {
      frame.transparent = (view.u8(position + 3) & 1) != 0;
      frame.transparent_index = view.u8(position + 6);
    }
    position = after_sub_blocks(view, position + 2) - 1;
  }
  fail_cut_short(ReadableImageFormat::gif, view.size(), name);
}

// A GIF of this frame alone, which fills its screen; its only table is the one that counts.
std::vector<std::byte> gif_of_frame(const ByteView& view, const Frame& frame, const ColorTable& table,
                                    std::span<const std::byte> data) {
  const ByteView descriptor = view.window(frame.position, 10);
  const auto size = descriptor.part(5, 4);
  std::vector<std::byte> gif;
  gif.reserve(data.size() + table.colors.size() + 64);
  for (const char letter : std::string_view("GIF89a")) gif.push_back(static_cast<std::byte>(letter));
  append(gif, size);
  append(gif, {kTableFlag | unsigned{table.size}, 0, 0});
  append(gif, table.colors);
  if (frame.transparent) append(gif, {0x21, 0xF9, 4, 1, 0, 0, frame.transparent_index, 0});
  append(gif, {0x2C, 0, 0, 0, 0});
  append(gif, size);
  append(gif, {descriptor.u8(9) & unsigned{kInterlaced}});
  append(gif, data.first(1));  // the code size
  const ByteView blocks(data, ByteView::Order::little);
  for (uint64_t at = 1; at < data.size() && blocks.u8(at) != 0; at += 1 + blocks.u8(at)) {
    const auto block = blocks.part(at + 1, blocks.u8(at));  // the last one may be cut off
    if (block.empty()) break;
    append(gif, {static_cast<unsigned>(block.size())});
    append(gif, block);
  }
  append(gif, {0, 0x3B});
  return gif;
}

}  // namespace

ImageHeader read_gif_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::gif;
  const ByteView view(bytes, ByteView::Order::little);
  uint64_t position = 13;
  const ColorTable global = read_table(view, view.u8(10), position);
  const Frame frame = find_frame(view, position, name);

  header.frame_left = view.u16(frame.position + 1);
  header.frame_top = view.u16(frame.position + 3);
  header.frame_width = view.u16(frame.position + 5);
  header.frame_height = view.u16(frame.position + 7);
  // The screen grows to the frame, as Pillow has it; encoders have written screens too small, and of 0 x 0.
  header.width = std::max<int64_t>(view.u16(6), header.frame_left + header.frame_width);
  header.height = std::max<int64_t>(view.u16(8), header.frame_top + header.frame_height);
  const uint8_t flags = view.u8(frame.position + 9);
  position = frame.position + 10;
  const ColorTable local = read_table(view, flags, position);
  if (!view.contains(position, 3)) fail_cut_short(header.format, bytes.size(), name);
  check(header.frame_width > 0 && header.frame_height > 0,
        "picture {}: expected 1 to {} pixels in the GIF's first frame, found {} x {}; save it anew", name,
        kMaxPixels, header.frame_width, header.frame_height);
  const ColorTable& table = (flags & kTableFlag) != 0 ? local : global;
  check(!table.colors.empty(),
        "picture {}: expected a GIF with a colour table, found none; convert the original to PNG instead",
        name);

  const uint64_t end = after_sub_blocks(view, position + 1);
  if (end > view.size()) {
    header.warning = "picture " + name + ": the GIF is cut short; the part that is missing is blank";
  }
  header.rewritten = gif_of_frame(view, frame, table, view.part(position, end - position));
  return header;
}

}  // namespace janus
