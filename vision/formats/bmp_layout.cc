#include "vision/formats/bmp_layout.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/image_header.h"

namespace janus {
namespace {

constexpr uint64_t kFileHeader = 14;
constexpr uint32_t kOldestHeader = 12;
constexpr uint32_t kWindowsHeader = 40;
constexpr uint32_t kHeaderWithMasks = 52;
constexpr uint32_t kHeaderWithAlphaMask = 56;
constexpr uint32_t kLargestOs2Header = 64;

// OS/2 2 gives the numbers 3 and 4 other meanings: Huffman codes, and runs of 24-bit pixels.
enum Compression : uint32_t {
  kNone = 0,
  kRuns8 = 1,
  kRuns4 = 2,
  kMasks = 3,
  kRuns24 = 4,
  kMasksWithAlpha = 6
};

// The fields behind a header's end read as 0, as the formats say of the short forms.
struct InfoHeader {
  ByteView view;
  uint32_t bytes;

  bool is_oldest() const { return bytes == kOldestHeader; }
  bool is_os2() const {
    const bool windows =
        bytes == kWindowsHeader || bytes == kHeaderWithMasks || bytes == kHeaderWithAlphaMask;
    return bytes <= kLargestOs2Header && !windows;
  }
  uint32_t u32(uint32_t at) const { return at + 4 <= bytes ? view.u32(kFileHeader + at) : 0; }
};

BmpLayout::Coding coding_of(const InfoHeader& header, int bits, uint32_t compression,
                            const std::string& name) {
  using Coding = BmpLayout::Coding;
  const bool indices = bits == 1 || bits == 2 || bits == 4 || bits == 8;
  const bool channels = bits == 16 || bits == 24 || bits == 32;
  if (compression == kNone && indices) return Coding::indices;
  if (compression == kNone && channels) return Coding::channels;
  if (compression == kMasks && channels && !header.is_os2()) return Coding::channels;
  if (compression == kMasksWithAlpha && channels) return Coding::channels;
  if (compression == kRuns8 && bits == 8) return Coding::runs_of_indices;
  if (compression == kRuns4 && bits == 4) return Coding::runs_of_indices;
  if (compression == kRuns24 && bits == 24) return Coding::runs_of_channels;
  fail(
      "picture {}: expected a BMP of 1, 2, 4, 8, 16, 24 or 32 bits, plain or in runs, found {} bits with "
      "compression {}; "
      "convert it to PNG",
      name, bits, compression);
}

BmpChannel channel_of(uint32_t mask, int bits, const std::string& name) {
  BmpChannel channel;
  if (mask == 0) return channel;
  const int lowest = std::countr_zero(mask);
  const int width = std::popcount(mask);
  const int highest = static_cast<int>(std::bit_width(mask));
  check(
      highest <= bits && highest - lowest == width,
      "picture {}: expected channel masks of neighbouring bits in {}-bit pixels, found {:#x}; it is damaged",
      name, bits, mask);
  const int kept = std::min(width, 8);
  channel.shift = lowest + width - kept;
  channel.mask = (uint32_t{1} << kept) - 1;
  for (uint32_t value = 0; value <= channel.mask; ++value) {
    channel.values[value] = static_cast<uint8_t>(value * 255 / channel.mask);  // rounded as Pillow does
  }
  return channel;
}

void read_channels(const InfoHeader& header, uint32_t compression, BmpLayout& layout,
                   const std::string& name) {
  std::array<uint32_t, 4> masks{0xFF0000, 0xFF00, 0xFF, 0};
  if (layout.bits == 16) masks = {0x7C00, 0x3E0, 0x1F, 0};
  if (compression == kMasks || compression == kMasksWithAlpha) {
    // They follow the oldest Windows header, at the same place where the later ones hold them.
    const bool with_alpha = compression == kMasksWithAlpha || header.bytes >= kHeaderWithAlphaMask;
    const size_t count = with_alpha ? 4 : 3;
    for (size_t c = 0; c < count; ++c) masks[c] = header.view.u32(kFileHeader + kWindowsHeader + 4 * c);
    check((masks[0] | masks[1] | masks[2]) != 0,
          "picture {}: expected the masks of its channels, found none; it is damaged", name);
  }
  uint32_t taken = 0;
  for (size_t c = 0; c < masks.size(); ++c) {
    check((masks[c] & taken) == 0,
          "picture {}: expected masks that share no bits, found {:#x} twice; it is damaged", name,
          masks[c] & taken);
    taken |= masks[c];
    layout.channels[c] = channel_of(masks[c], layout.bits, name);
  }
  layout.has_alpha = masks[3] != 0;
}

// Where palette and pixels lie. Writers leave gaps before the pixels, and palettes larger or smaller than the
// bits can name.
void read_offsets(const InfoHeader& header, uint32_t compression, BmpLayout& layout,
                  const std::string& name) {
  layout.palette_offset = kFileHeader + header.bytes;
  if (header.bytes == kWindowsHeader && compression == kMasks) layout.palette_offset += 12;
  if (header.bytes == kWindowsHeader && compression == kMasksWithAlpha) layout.palette_offset += 16;
  layout.entry_bytes = header.is_oldest() ? 3 : 4;
  if (layout.has_palette()) {
    const uint32_t most = uint32_t{1} << layout.bits;
    const uint32_t stated = header.is_oldest() ? 0 : header.u32(32);
    layout.palette_size = stated == 0 ? most : std::min(stated, most);
  }

  layout.pixels_offset = header.view.u32(10);
  const bool unset =
      layout.pixels_offset == 0 || (layout.has_palette() && layout.pixels_offset == layout.palette_offset);
  if (unset) {
    layout.pixels_offset = layout.palette_offset + uint64_t{layout.palette_size} * layout.entry_bytes;
  }
  check(layout.pixels_offset >= layout.palette_offset,
        "picture {}: expected a BMP's pixels behind its {} bytes of headers, found them at {}; it is damaged",
        name, layout.palette_offset, layout.pixels_offset);
  const uint64_t room = (layout.pixels_offset - layout.palette_offset) / layout.entry_bytes;
  layout.palette_size = static_cast<uint32_t>(std::min<uint64_t>(layout.palette_size, room));
}

}  // namespace

BmpLayout read_bmp_layout(std::span<const std::byte> bytes, const std::string& name) {
  const ByteView view(bytes, ByteView::Order::little);
  const InfoHeader header{view, view.u32(kFileHeader)};
  if (!view.contains(kFileHeader, header.bytes)) fail_cut_short(ReadableImageFormat::bmp, bytes.size(), name);
  check(header.is_oldest() || header.bytes >= 16,
        "picture {}: expected a BMP header of 12, 16 or more bytes, found {}; it is damaged", name,
        header.bytes);

  BmpLayout layout;
  const int64_t signed_height = header.is_oldest() ? int64_t{view.u16(20)} : view.i32(22);
  layout.width = header.is_oldest() ? int64_t{view.u16(18)} : view.i32(18);
  layout.height = std::abs(signed_height);
  layout.from_top = signed_height < 0;
  ImageHeader size;
  size.width = layout.width;
  size.height = layout.height;
  check_size(size, name);

  layout.bits = view.u16(header.is_oldest() ? 24 : 28);
  const uint32_t compression = header.is_oldest() ? kNone : header.u32(16);
  layout.coding = coding_of(header, layout.bits, compression, name);
  if (!layout.has_palette()) read_channels(header, compression, layout, name);
  read_offsets(header, compression, layout, name);
  return layout;
}

}  // namespace janus
