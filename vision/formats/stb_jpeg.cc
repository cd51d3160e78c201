// JPEG on the light path: what stb_image does not find out for itself.
#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/jpeg_segments.h"

namespace janus {
namespace {

// Tables of more codes than a byte can name, or whose counts stand behind the end of their segment, make
// stb_image 2.27, which Debian 12 has, write past the end of its own.
bool tables_are_sound(const ByteView& segment) {
  constexpr int kLengths = 16;
  constexpr int kMostCodes = 256;
  uint64_t at = 0;
  while (segment.contains(at, 1 + kLengths)) {
    int codes = 0;
    for (int i = 1; i <= kLengths; ++i) codes += segment.u8(at + i);
    if (codes > kMostCodes) return false;
    at += 1 + kLengths + codes;
  }
  return at == segment.size();
}

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// Without Adobe's marker stb_image takes inks for colours.
constexpr std::string_view kAdobeMarker(
    "\xFF\xEE\0\x0E"
    "Adobe\0\x64\0\0\0\0\0",
    16);

}  // namespace

Pixels decode_jpeg_with_stb(const ImageHeader& header, std::span<const std::byte> bytes,
                            const std::string& name) {
  check(header.shrink == 1,
        "picture {}: expected at most {} pixels, found {} x {}, which this build cannot shrink; resize it "
        "first",
        name, header.pixel_limit, header.width, header.height);
  JpegSegments segments(bytes);
  bool unmarked_inks = false, adobe = false;
  for (JpegSegment segment; segments.next(segment);) {
    const ByteView view(segment.data, ByteView::Order::big);
    check(segment.marker != JpegSegment::kHuffmanTables || tables_are_sound(view),
          "picture {}: expected sound Huffman tables, found others; the JPEG is damaged", name);
    if (segment.is_frame()) unmarked_inks = view.u8(5) == 4;
    if (segment.marker == JpegSegment::kApp14 && view.has_text(0, "Adobe")) adobe = true;
  }
  unmarked_inks = unmarked_inks && !adobe;
  if (segments.ended() && !unmarked_inks) return decode_with_stb(header, bytes, name);

  constexpr size_t kStart = 2;
  std::vector<std::byte> mended(bytes.begin(), bytes.begin() + kStart);
  if (unmarked_inks) append(mended, std::as_bytes(std::span(kAdobeMarker)));
  const size_t whole = segments.ended() ? bytes.size() : segments.position();
  append(mended, bytes.subspan(kStart, whole - kStart));
  // With an end to find, stb_image fills what is missing in place of giving up.
  if (!segments.ended()) append(mended, std::as_bytes(std::span("\xFF\xD9", 2)));
  Pixels pixels = decode_with_stb(header, mended, name);
  if (!segments.ended()) {
    pixels.warning = "picture " + name + ": the JPEG is cut short; the part that is missing is filled";
  }
  return pixels;
}

}  // namespace janus
