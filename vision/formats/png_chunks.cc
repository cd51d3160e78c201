#include "vision/formats/png_chunks.h"

#include <array>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/picture_header.h"

namespace janus {
namespace {

std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
    table[byte] = value;
  }
  return table;
}

}  // namespace

uint32_t png_crc(std::span<const std::byte> type_and_data) {
  static const std::array<uint32_t, 256> table = make_crc_table();
  uint32_t crc = 0xFFFFFFFFU;
  for (const std::byte byte : type_and_data)
    crc = table[(crc ^ static_cast<uint8_t>(byte)) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFU;
}

bool PngChunk::intact() const { return png_crc(type_and_data) == checksum; }

PngChunks::PngChunks(std::span<const std::byte> bytes, const std::string& name)
    : bytes_(bytes), name_(name), position_(kPngSignature.size()) {
  check(ByteView(bytes, ByteView::Order::big).has_text(0, kPngSignature),
        "picture {}: expected a PNG, found something else", name);
}

bool PngChunks::next(PngChunk& chunk) {
  if (ended_) return false;
  const ByteView view(bytes_, ByteView::Order::big);
  constexpr size_t kFrame = 12;  // length, type, checksum
  const uint64_t length = view.u32(position_);
  if (!view.contains(position_, kFrame + length)) fail_cut_short(PictureFormat::png, bytes_.size(), name_);
  chunk.type = {reinterpret_cast<const char*>(bytes_.data()) + position_ + 4, 4};
  chunk.data = bytes_.subspan(position_ + 8, length);
  chunk.type_and_data = bytes_.subspan(position_ + 4, 4 + length);
  chunk.checksum = view.u32(position_ + 8 + length);
  position_ += kFrame + length;
  ended_ = chunk.type == "IEND";
  return true;
}

}  // namespace janus
