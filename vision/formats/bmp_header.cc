#include <cstdlib>

#include "vision/formats/byte_view.h"
#include "vision/formats/image_header.h"

namespace janus {

ImageHeader read_bmp_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::bmp;
  const ByteView view(bytes, ByteView::Order::little);
  constexpr uint32_t kCoreHeader = 12;
  const bool core = view.u32(14) == kCoreHeader;
  header.width = core ? view.u16(18) : view.i32(18);
  header.height = core ? view.u16(20) : std::abs(int64_t{view.i32(22)});  // negative: rows from the top
  const int bits = view.u16(core ? 24 : 28);
  const uint32_t compression = core ? 0 : view.u32(30);
  constexpr uint32_t kUncompressed = 0;
  constexpr uint32_t kRuns8 = 1;
  constexpr uint32_t kRuns4 = 2;

  // OpenCV drops alpha, halves the range of 16-bit pixels' low bits and misreads the oldest header; stb_image
  // reads all but run lengths.
  header.needs_opencv = compression == kRuns8 || compression == kRuns4;
  header.needs_stb = !header.needs_opencv;
  if (compression == kUncompressed) header.alpha = Alpha::ignored;  // the fourth byte is padding
  check_size(header, name);
  if (header.needs_opencv) return header;

  const int64_t row_bytes = (header.width * bits + 31) / 32 * 4;
  if (!view.contains(view.u32(10), row_bytes * header.height))
    fail_cut_short(header.format, bytes.size(), name);
  return header;
}

}  // namespace janus
