#include <cctype>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/exif.h"
#include "vision/formats/image_header.h"
#include "vision/formats/png_chunks.h"

namespace janus {
namespace {

// The most that deflate can shrink: a file with fewer bytes than that cannot fill its size, so nothing need
// be allocated to find out.
bool can_fill(const ImageHeader& header, int bits_per_pixel, uint64_t compressed_bytes) {
  constexpr double kLargestRatio = 1032;
  const double bytes =
      static_cast<double>(header.width) * static_cast<double>(header.height) * bits_per_pixel / 8;
  return bytes <= kLargestRatio * static_cast<double>(compressed_bytes);
}

int bits_per_pixel(int bit_depth, int color_type) {
  constexpr int kChannels[] = {1, 1, 3, 1, 2, 1, 4, 1};
  return bit_depth * kChannels[color_type & 7];
}

}  // namespace

ImageHeader read_png_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::png;
  PngChunks chunks(bytes, name);
  PngChunk chunk;
  check(chunks.next(chunk) && chunk.type == "IHDR" && chunk.data.size() == 13,
        "picture {}: expected a PNG that begins with its size, found another chunk; it is damaged", name);
  const ByteView size(chunk.data, ByteView::Order::big);
  header.width = size.u32(0);
  header.height = size.u32(4);
  const int color_type = size.u8(9);
  uint64_t pixel_bytes = 0;
  do {
    const bool critical = std::isupper(static_cast<unsigned char>(chunk.type[0])) != 0;
    check(!critical || chunk.intact(),
          "picture {}: expected intact PNG chunks, found a wrong checksum; it is damaged", name);
    if (chunk.type == "IDAT") pixel_bytes += chunk.data.size();
    if (chunk.type == "eXIf") header.orientation = exif_orientation(chunk.data);
    // OpenCV overlooks the transparent level of a grey image.
    if (chunk.type == "tRNS" && color_type == 0) header.needs_stb = true;
  } while (chunks.next(chunk));
  check_size(header, name);
  check(can_fill(header, bits_per_pixel(size.u8(8), color_type), pixel_bytes),
        "picture {}: expected a PNG with {} x {} pixels, found {} bytes of them; it is damaged", name,
        header.width, header.height, pixel_bytes);
  return header;
}

}  // namespace janus
