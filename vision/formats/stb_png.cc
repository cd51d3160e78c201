// PNG on the light path: stb_image looks at no checksum and takes no exception to the order of things.
#include <cctype>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/png_chunks.h"

namespace janus {
namespace {

// A transparent colour of another length than the image's colours have is none.
bool counts(const PngChunk& chunk, int color_type) {
  constexpr int kGrey = 0, kRgb = 2;
  if (chunk.type != "tRNS") return std::isupper(static_cast<unsigned char>(chunk.type[0])) != 0;
  if (color_type == kGrey) return chunk.data.size() == 2;
  if (color_type == kRgb) return chunk.data.size() == 6;
  return true;
}

}  // namespace

Pixels decode_png_with_stb(const ImageHeader& header, std::span<const std::byte> bytes,
                           const std::string& name) {
  std::vector<std::byte> mended(bytes.begin(), bytes.begin() + kPngSignature.size());
  constexpr size_t kLength = 4, kChecksum = 4;
  const int color_type = ByteView(bytes, ByteView::Order::big).u8(25);
  PngChunks chunks(bytes, name);
  bool pixels_began = false, ended = false;
  for (PngChunk chunk; !ended;) {
    // Without its end the pixels may still be whole, which stb_image finds out.
    if (chunks.ends_here()) break;
    if (!chunks.next(chunk)) break;
    if (!counts(chunk, color_type)) continue;
    check(chunk.intact(), "picture {}: expected intact PNG chunks, found a wrong checksum; it is damaged",
          name);
    pixels_began = pixels_began || chunk.type == "IDAT";
    ended = chunk.type == "IEND";
    const std::byte* begin = chunk.type_and_data.data() - kLength;
    mended.insert(mended.end(), begin, begin + kLength + chunk.type_and_data.size() + kChecksum);
  }
  if (ended) return decode_with_stb(header, mended, name);
  if (!pixels_began) fail_cut_short(header.format, bytes.size(), name);
  constexpr std::string_view kEnd("\0\0\0\0IEND\xAE\x42\x60\x82", 12);
  const auto end = std::as_bytes(std::span(kEnd));
  mended.insert(mended.end(), end.begin(), end.end());
  try {
    Pixels pixels = decode_with_stb(header, mended, name);
    pixels.warning = "picture " + name + ": the PNG is cut short behind its last pixel";
    return pixels;
  } catch (const Error&) {
    fail_cut_short(header.format, bytes.size(), name);
  }
}

}  // namespace janus
