#include <string_view>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/exif_text.h"
#include "vision/formats/text_blocks.h"

namespace janus {
namespace {

constexpr size_t kHeader = 12;                  // RIFF, the size of all that follows, WEBP
constexpr size_t kChunkHead = 8, kCanvas = 10;  // of the chunk VP8X
constexpr uint8_t kHasExif = 8;

void append_number(std::vector<std::byte>& bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void append_text(std::vector<std::byte>& bytes, std::string_view text) {
  for (const char letter : text) bytes.push_back(static_cast<std::byte>(letter));
}

}  // namespace

std::vector<std::byte> with_webp_text(const std::vector<std::byte>& webp, int width, int height,
                                      const ImageText& text) {
  const std::vector<std::byte> block = exif_block(text);
  const size_t padded = block.size() + block.size() % 2;
  const uint64_t size = webp.size() - 8 + kChunkHead + kCanvas + kChunkHead + padded;
  check(size <= UINT32_MAX, "picture to write: expected at most 4 GiB in a WebP, found {} bytes; write a PNG",
        size);
  std::vector<std::byte> result;
  result.reserve(size + 8);
  append_text(result, "RIFF");
  append_number(result, size, 4);
  append_text(result, "WEBPVP8X");
  append_number(result, kCanvas, 4);
  append_number(result, kHasExif, 4);
  append_number(result, width - 1, 3);
  append_number(result, height - 1, 3);
  result.insert(result.end(), webp.begin() + kHeader, webp.end());
  append_text(result, "EXIF");
  append_number(result, block.size(), 4);
  result.insert(result.end(), block.begin(), block.end());
  result.resize(size + 8);
  return result;
}

ImageText read_webp_text(std::span<const std::byte> bytes) {
  const ByteView view(bytes, ByteView::Order::little);
  for (uint64_t at = kHeader; view.contains(at, kChunkHead);) {
    const uint64_t size = view.u32(at + 4);
    if (view.has_text(at, "EXIF")) return read_exif_text(view.part(at + kChunkHead, size));
    at += kChunkHead + size + size % 2;
  }
  return {};
}

}  // namespace janus
