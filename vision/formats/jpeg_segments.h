// The segments of a JPEG file, one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace janus {

struct JpegSegment {
  static constexpr uint8_t kHuffmanTables = 0xC4, kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApp1 = 0xE1,
                           kApp14 = 0xEE;

  uint8_t marker = 0;
  std::span<const std::byte> data;  // without its length

  // Whether it holds the image's size.
  bool is_frame() const;
};

// Walks a JPEG held in memory:  JpegSegments segments(bytes); while (segments.next(segment)) ...
// Compressed pixels, and what stands between segments, are passed over.
class JpegSegments {
 public:
  // `bytes` must outlive this.
  explicit JpegSegments(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // False at the end of the image, and where the file ends before it.
  bool next(JpegSegment& segment);
  // The end of the image was found.
  bool ended() const { return ended_; }
  // Behind the last segment that next() gave; at the end of the whole walk, where what is whole ends.
  size_t position() const { return position_; }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 2;  // behind the start of the image
  bool ended_ = false;
};

}  // namespace janus
