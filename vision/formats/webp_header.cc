#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/exif.h"
#include "vision/formats/image_header.h"

namespace janus {
namespace {

constexpr uint64_t kChunkFrame = 8;  // four letters and a length

void append_number(std::vector<std::byte>& bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void append_text(std::vector<std::byte>& bytes, std::string_view text) {
  for (const char letter : text) bytes.push_back(static_cast<std::byte>(letter));
}

// A still WebP of the frame's own chunks, which is what OpenCV can read of an animation.
std::vector<std::byte> still_of_frame(const ImageHeader& header, std::span<const std::byte> chunks) {
  constexpr uint64_t kExtendedBytes = 10;
  constexpr uint8_t kAlphaFlag = 0x10;
  std::vector<std::byte> still;
  append_text(still, "RIFF");
  append_number(still, 4 + kChunkFrame + kExtendedBytes + chunks.size(), 4);
  append_text(still, "WEBPVP8X");
  append_number(still, kExtendedBytes, 4);
  append_number(still, kAlphaFlag, 4);
  append_number(still, header.frame_width - 1, 3);
  append_number(still, header.frame_height - 1, 3);
  still.insert(still.end(), chunks.begin(), chunks.end());
  return still;
}

void read_frame(ImageHeader& header, const ByteView& frame) {
  constexpr uint64_t kFrameHeader = 16;
  header.frame_left = int64_t{frame.u24(0)} * 2;
  header.frame_top = int64_t{frame.u24(3)} * 2;
  header.frame_width = int64_t{frame.u24(6)} + 1;
  header.frame_height = int64_t{frame.u24(9)} + 1;
  header.rewritten = still_of_frame(header, frame.part(kFrameHeader, frame.size()));
}

}  // namespace

ImageHeader read_webp_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::webp;
  const ByteView view(bytes, ByteView::Order::little);
  const uint64_t end = kChunkFrame + view.u32(4);
  if (end > view.size()) fail_cut_short(header.format, bytes.size(), name);

  bool sized = false;
  for (uint64_t at = 12; at + kChunkFrame <= end;) {
    const uint64_t length = view.u32(at + 4);
    const ByteView chunk = view.window(at + kChunkFrame, length);
    if (!sized && view.has_text(at, "VP8X")) {
      header.width = int64_t{chunk.u24(4)} + 1;
      header.height = int64_t{chunk.u24(7)} + 1;
      sized = true;
    } else if (!sized && view.has_text(at, "VP8 ")) {
      header.width = chunk.u16(6) & 0x3FFF;
      header.height = chunk.u16(8) & 0x3FFF;
      sized = true;
    } else if (!sized && view.has_text(at, "VP8L")) {
      const uint32_t sizes = chunk.u32(1);
      header.width = (sizes & 0x3FFF) + 1;
      header.height = (sizes >> 14 & 0x3FFF) + 1;
      sized = true;
    }
    if (view.has_text(at, "ANMF") && header.rewritten.empty()) read_frame(header, chunk);
    if (view.has_text(at, "EXIF")) header.orientation = exif_orientation(chunk.part(0, length));
    at += kChunkFrame + length + length % 2;
  }
  check(sized, "picture {}: expected a WebP with pixels, found none in it", name);
  check(header.frame_left + header.frame_width <= header.width &&
            header.frame_top + header.frame_height <= header.height,
        "picture {}: expected a WebP frame inside its {} x {} canvas, found {} x {} at {}, {}; it is damaged",
        name, header.width, header.height, header.frame_width, header.frame_height, header.frame_left,
        header.frame_top);
  return header;
}

}  // namespace janus
