#include <string_view>

#include "vision/formats/byte_view.h"
#include "vision/formats/exif.h"
#include "vision/formats/exif_text.h"
#include "vision/formats/jpeg_segments.h"
#include "vision/formats/text_blocks.h"

namespace janus {
namespace {

constexpr size_t kMostSegment = 0xFFFF - 2;  // a segment's length counts its own two bytes

bool fits(const std::vector<std::byte>& block) { return block.size() + kExifMark.size() <= kMostSegment; }

// As much of `text` as a segment holds; empty where that is nothing.
std::vector<std::byte> fitting_block(ImageText text) {
  std::vector<std::byte> block = exif_block(text);
  if (fits(block)) return block;
  text.erase(kParametersKeyword);
  block = exif_block(text);
  return fits(block) && !text.empty() ? block : std::vector<std::byte>{};
}

}  // namespace

std::vector<std::byte> with_jpeg_text(const std::vector<std::byte>& jpeg, const ImageText& text) {
  const std::vector<std::byte> block = fitting_block(text);
  if (block.empty()) return jpeg;
  // Behind the start of the image and the JFIF header, which wants to be first as well, and is more common
  // there.
  const ByteView view(jpeg, ByteView::Order::big);
  constexpr uint16_t kJfif = 0xFFE0;
  const size_t at = view.u16(2) == kJfif ? size_t{4} + view.u16(4) : 2;
  std::vector<std::byte> result(jpeg.begin(), jpeg.begin() + static_cast<int64_t>(at));
  const size_t length = 2 + kExifMark.size() + block.size();
  for (const size_t byte : {size_t{0xFF}, size_t{JpegSegment::kApp1}, length >> 8, length & 0xFF}) {
    result.push_back(static_cast<std::byte>(byte));
  }
  const auto mark = std::as_bytes(std::span(kExifMark));
  result.insert(result.end(), mark.begin(), mark.end());
  result.insert(result.end(), block.begin(), block.end());
  result.insert(result.end(), jpeg.begin() + static_cast<int64_t>(at), jpeg.end());
  return result;
}

ImageText read_jpeg_text(std::span<const std::byte> bytes) {
  JpegSegments segments(bytes);
  JpegSegment segment;
  while (segments.next(segment) && segment.marker != JpegSegment::kStartOfScan) {
    const ByteView view(segment.data, ByteView::Order::big);
    if (segment.marker == JpegSegment::kApp1 && view.has_text(0, kExifMark)) {
      return read_exif_text(segment.data);
    }
  }
  return {};
}

}  // namespace janus
