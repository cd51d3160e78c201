#include "vision/formats/png_chunks.h"

#include "core/base/crc32.h"
#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/image_header.h"

namespace janus {
namespace {

constexpr size_t kFrame = 12;  // length, type, checksum

}  // namespace

bool PngChunk::intact() const { return crc32(type_and_data) == checksum; }

PngChunks::PngChunks(std::span<const std::byte> bytes, const std::string& name)
    : bytes_(bytes), name_(name), position_(kPngSignature.size()) {
  check(ByteView(bytes, ByteView::Order::big).has_text(0, kPngSignature),
        "picture {}: expected a PNG, found something else; name a PNG file", name);
}

bool PngChunks::ends_here() const {
  const ByteView view(bytes_, ByteView::Order::big);
  return !ended_ && !view.contains(position_, kFrame + view.u32(position_));
}

bool PngChunks::next(PngChunk& chunk) {
  if (ended_) return false;
  if (ends_here()) fail_cut_short(ReadableImageFormat::png, bytes_.size(), name_);
  const ByteView view(bytes_, ByteView::Order::big);
  const uint64_t length = view.u32(position_);
  chunk.type = {reinterpret_cast<const char*>(bytes_.data()) + position_ + 4, 4};
  chunk.data = bytes_.subspan(position_ + 8, length);
  chunk.type_and_data = bytes_.subspan(position_ + 4, 4 + length);
  chunk.checksum = view.u32(position_ + 8 + length);
  position_ += kFrame + length;
  ended_ = chunk.type == "IEND";
  return true;
}

}  // namespace janus
