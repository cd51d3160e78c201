#include <algorithm>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/exif.h"
#include "vision/formats/image_header.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

constexpr uint8_t kHuffmanTables = 0xC4;
constexpr uint8_t kStartOfScan = 0xDA;
constexpr uint8_t kEndOfImage = 0xD9;
constexpr uint8_t kApp1 = 0xE1;
constexpr uint8_t kApp14 = 0xEE;

bool is_frame(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

bool stands_alone(uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

struct Marks {
  int components = 0;
  int precision = 0;
  bool adobe = false;
  bool scan = false;  // some bytes of compressed pixels are there
  bool end = false;
  bool exif = false;
  size_t whole = 0;  // bytes before a segment that is cut short
};

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

// The position of the 0xFF of the next marker; view.size() where there is none. Inside compressed pixels
// 0xFF00 and the restart markers are data.
size_t next_marker(const ByteView& view, std::span<const std::byte> bytes, size_t position) {
  while (true) {
    const auto found = std::find(bytes.begin() + position, bytes.end(), std::byte{0xFF});
    position = found - bytes.begin();
    if (position + 1 >= bytes.size()) return bytes.size();
    const uint8_t code = view.u8(position + 1);
    if (code != 0x00 && code != 0xFF && !stands_alone(code)) return position;
    position += code == 0xFF ? 1 : 2;
  }
}

void read_segment(uint8_t marker, const ByteView& segment, const std::string& name, ImageHeader& header,
                  Marks& marks) {
  if (is_frame(marker) && marks.components == 0) {
    marks.precision = segment.u8(0);
    header.height = segment.u16(1);
    header.width = segment.u16(3);
    marks.components = segment.u8(5);
  }
  check(marker != kHuffmanTables || tables_are_sound(segment),
        "picture {}: expected sound Huffman tables, found others; the JPEG is damaged", name);
  if (marker == kApp1 && !marks.exif && segment.has_text(0, "Exif\0\0"sv)) {
    marks.exif = true;
    header.orientation = exif_orientation(segment.part(0, segment.size()));
  }
  if (marker == kApp14 && segment.has_text(0, "Adobe")) marks.adobe = true;
}

Marks read_segments(std::span<const std::byte> bytes, const std::string& name, ImageHeader& header) {
  const ByteView view(bytes, ByteView::Order::big);
  Marks marks;
  size_t at = next_marker(view, bytes, 2);
  while (at < bytes.size()) {
    const uint8_t marker = view.u8(at + 1);
    marks.end = marker == kEndOfImage;
    const int length = std::max<int>(view.u16(at + 2), 2);  // of the segment and of itself
    if (marks.end || !view.contains(at + 2, length)) break;
    read_segment(marker, view.window(at + 4, length - 2), name, header, marks);
    const size_t after = at + 2 + length;
    if (marker == kStartOfScan && after < bytes.size()) marks.scan = true;
    at = next_marker(view, bytes, after);
  }
  marks.whole = at;
  return marks;
}

}  // namespace

ImageHeader read_jpeg_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::jpeg;
  const Marks marks = read_segments(bytes, name, header);
  if (!marks.end && (marks.components == 0 || !marks.scan)) fail_cut_short(header.format, bytes.size(), name);
  check(marks.components != 0 && marks.scan, "picture {}: expected a JPEG with pixels, found none in it",
        name);
  check(marks.precision == 8, "picture {}: expected a JPEG of 8 bits, found {} bits; convert it", name,
        marks.precision);
  check(marks.components == 1 || marks.components == 3 || marks.components == 4,
        "picture {}: expected a JPEG of 1, 3 or 4 channels, found {}; convert it", name, marks.components);
  // The decoders take the inks as stored inverted, which is Adobe's habit and only its marker tells.
  check(marks.components != 4 || marks.adobe,
        "picture {}: expected a CMYK JPEG with Adobe's marker, found none; convert it to RGB", name);
  if (!marks.end) {
    header.warning = "picture " + name + ": the JPEG is cut short; the part that is missing is filled";
    // With an end to find, the decoders fill what is missing in place of giving up.
    header.rewritten.assign(bytes.begin(), bytes.begin() + marks.whole);
    header.rewritten.insert(header.rewritten.end(), {std::byte{0xFF}, std::byte{kEndOfImage}});
  }
  return header;
}

}  // namespace janus
