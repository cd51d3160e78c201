#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/exif.h"
#include "vision/formats/jpeg_segments.h"

namespace janus {
namespace {

struct Frame {
  uint8_t marker = 0;
  int precision = 0;
  int components = 0;
};

void check_kind(const Frame& frame, const std::string& name) {
  // The lossless processes and the hierarchical ones, which no decoder here serves.
  const int process = frame.marker & 0xF;
  check(process < 3 || process == 9 || process == 10,
        "picture {}: expected a baseline or progressive JPEG, found a {} one; convert it to PNG", name,
        process == 3 || process == 11 ? "lossless" : "hierarchical");
  check(frame.precision == 8, "picture {}: expected a JPEG of 8 bits, found {} bits; convert it", name,
        frame.precision);
  check(frame.components == 1 || frame.components == 3 || frame.components == 4,
        "picture {}: expected a JPEG of 1, 3 or 4 channels, found {}; convert it", name, frame.components);
}

}  // namespace

// Up to the first pixels. In the program, because the light path needs it and orientation is in no library's
// words.
ImageHeader read_jpeg_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::jpeg;
  Frame frame;
  bool exif = false;
  JpegSegments segments(bytes);
  JpegSegment segment;
  while (segments.next(segment) && segment.marker != JpegSegment::kStartOfScan) {
    const ByteView view(segment.data, ByteView::Order::big);
    if (segment.is_frame() && frame.marker == 0) {
      frame = {segment.marker, view.u8(0), view.u8(5)};
      header.height = view.u16(1);
      header.width = view.u16(3);
    }
    if (segment.marker == JpegSegment::kApp1 && !exif && view.has_text(0, kExifMark)) {
      exif = true;
      header.orientation = exif_orientation(segment.data);
    }
  }
  const bool pixels = segment.marker == JpegSegment::kStartOfScan && segments.position() < bytes.size();
  if (!segments.ended() && (frame.marker == 0 || !pixels)) fail_cut_short(header.format, bytes.size(), name);
  check(frame.marker != 0 && pixels,
        "picture {}: expected a JPEG with pixels, found none in it; copy or download it again", name);
  check_kind(frame, name);
  return header;
}

}  // namespace janus
