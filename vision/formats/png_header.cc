#include <cctype>

#include "core/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/exif.h"
#include "vision/formats/picture_header.h"
#include "vision/formats/png_chunks.h"

namespace janus {

PictureHeader read_png_header(std::span<const std::byte> bytes, const std::string& name) {
  PictureHeader header;
  header.format = PictureFormat::png;
  PngChunks chunks(bytes, name);
  PngChunk chunk;
  check(chunks.next(chunk) && chunk.type == "IHDR" && chunk.data.size() == 13,
        "picture {}: expected a PNG that begins with its size, found another chunk; it is damaged", name);
  const ByteView size(chunk.data, ByteView::Order::big);
  header.width = size.u32(0);
  header.height = size.u32(4);
  const int color_type = size.u8(9);
  bool pixels = false;
  do {
    const bool critical = std::isupper(static_cast<unsigned char>(chunk.type[0])) != 0;
    check(!critical || chunk.intact(),
          "picture {}: expected intact PNG chunks, found a wrong checksum; it is damaged", name);
    if (chunk.type == "IDAT") pixels = true;
    if (chunk.type == "eXIf") header.orientation = exif_orientation(chunk.data);
    // OpenCV overlooks the transparent level of a grey picture.
    if (chunk.type == "tRNS" && color_type == 0) header.needs_stb = true;
  } while (chunks.next(chunk));
  check(pixels, "picture {}: expected a PNG with pixels, found none in it", name);
  return header;
}

}  // namespace janus
