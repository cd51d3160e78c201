#include "vision/formats/jpeg_segments.h"

#include <algorithm>

#include "vision/formats/byte_view.h"

namespace janus {
namespace {

bool stands_alone(uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

// The position of the 0xFF of the next marker; bytes.size() where there is none. Inside compressed pixels
// 0xFF00 and the restart markers are data.
size_t next_marker(std::span<const std::byte> bytes, size_t position) {
  while (position < bytes.size()) {
    const auto found = std::find(bytes.begin() + position, bytes.end(), std::byte{0xFF});
    position = found - bytes.begin();
    if (position + 1 >= bytes.size()) return bytes.size();
    const auto code = static_cast<uint8_t>(bytes[position + 1]);
    if (code != 0x00 && code != 0xFF && !stands_alone(code)) return position;
    position += code == 0xFF ? 1 : 2;
  }
  return bytes.size();
}

}  // namespace

bool JpegSegment::is_frame() const {
  constexpr uint8_t kArithmeticTables = 0xCC, kExtension = 0xC8;
  return marker >= 0xC0 && marker <= 0xCF && marker != kHuffmanTables && marker != kArithmeticTables &&
         marker != kExtension;
}

bool JpegSegments::next(JpegSegment& segment) {
  if (ended_) return false;
  const ByteView view(bytes_, ByteView::Order::big);
  position_ = next_marker(bytes_, position_);
  if (position_ == bytes_.size()) return false;
  segment.marker = view.u8(position_ + 1);
  ended_ = segment.marker == JpegSegment::kEndOfImage;
  const uint64_t length = std::max<uint64_t>(view.u16(position_ + 2), 2);  // of the data and of itself
  if (ended_ || !view.contains(position_ + 2, length)) return false;
  segment.data = view.part(position_ + 4, length - 2);
  position_ += 2 + length;
  return true;
}

}  // namespace janus
