#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/exif.h"
#include "vision/formats/png_chunks.h"

namespace janus {
namespace {

// The most that deflate can shrink: a file with fewer bytes than that cannot fill its size, so nothing need
// be allocated to find out.
bool can_fill(const ImageHeader& header, int bits_per_pixel, size_t file_bytes) {
  constexpr double kLargestRatio = 1032;
  const double bytes =
      static_cast<double>(header.width) * static_cast<double>(header.height) * bits_per_pixel / 8;
  return bytes <= kLargestRatio * static_cast<double>(file_bytes);
}

int bits_per_pixel(int bit_depth, int color_type) {
  constexpr int kChannels[] = {1, 1, 3, 1, 2, 1, 4, 1};
  return bit_depth * kChannels[color_type & 7];
}

}  // namespace

// In the program, because the light path needs it. The orientation may stand behind the pixels, where libpng
// comes late; a damaged one does not count.
ImageHeader read_png_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::png;
  PngChunks chunks(bytes, name);
  PngChunk chunk;
  const bool begins = chunks.next(chunk);
  check(!begins || chunk.type != "CgBI",
        "picture {}: expected a PNG, found Apple's variant for phones (CgBI), which others cannot read; "
        "convert it "
        "on a Mac",
        name);
  check(begins && chunk.type == "IHDR" && chunk.data.size() == 13,
        "picture {}: expected a PNG that begins with its size, found another chunk; it is damaged", name);
  const ByteView size(chunk.data, ByteView::Order::big);
  header.width = size.u32(0);
  header.height = size.u32(4);
  check_size(header, name);
  check(can_fill(header, bits_per_pixel(size.u8(8), size.u8(9)), bytes.size()),
        "picture {}: expected a PNG with {} x {} pixels, found a file of {} bytes; it is damaged", name,
        header.width, header.height, bytes.size());
  while (!chunks.ends_here() && chunks.next(chunk)) {
    if (chunk.type == "eXIf" && chunk.intact()) header.orientation = exif_orientation(chunk.data);
  }
  return header;
}

}  // namespace janus
