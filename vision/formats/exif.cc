#include "vision/formats/exif.h"

#include <algorithm>

#include "vision/formats/byte_view.h"

namespace janus {
namespace {

constexpr size_t kMaxTags = 4096;
constexpr size_t kMaxValues = 65536;

// Returns the size of the integer types BYTE, SHORT, LONG, LONG8; 0 for the others.
int bytes_of_type(uint16_t type) {
  switch (type) {
    case 1:
      return 1;
    case 3:
      return 2;
    case 4:
      return 4;
    case 16:
      return 8;
    default:
      return 0;
  }
}

uint64_t number(const ByteView& view, uint64_t offset, int bytes) {
  switch (bytes) {
    case 1:
      return view.u8(offset);
    case 2:
      return view.u16(offset);
    case 4:
      return view.u32(offset);
    default:
      return view.u64(offset);
  }
}

// Entries are 12 bytes in TIFF and 20 in BigTIFF; values that do not fit the entry stand elsewhere.
std::optional<TiffTag> read_tag(const ByteView& view, uint64_t entry, bool big_tiff) {
  TiffTag tag;
  tag.id = view.u16(entry);
  tag.value_bytes = bytes_of_type(view.u16(entry + 2));
  if (tag.value_bytes == 0) return std::nullopt;
  const uint64_t count = big_tiff ? view.u64(entry + 4) : view.u32(entry + 4);
  const uint64_t inline_bytes = big_tiff ? 8 : 4;
  tag.value_offset = entry + (big_tiff ? 12 : 8);
  if (count > inline_bytes / tag.value_bytes) {
    tag.value_offset = big_tiff ? view.u64(tag.value_offset) : view.u32(tag.value_offset);
  }
  const size_t kept = std::min<uint64_t>(count, kMaxValues);
  if (kept == 0 || !view.contains(tag.value_offset, kept * tag.value_bytes)) return std::nullopt;
  for (size_t i = 0; i < kept; ++i) {
    tag.values.push_back(number(view, tag.value_offset + i * tag.value_bytes, tag.value_bytes));
  }
  return tag;
}

}  // namespace

const TiffTag* TiffDirectory::find(uint16_t id) const {
  const auto found = std::find_if(tags.begin(), tags.end(), [&](const TiffTag& tag) { return tag.id == id; });
  return found == tags.end() ? nullptr : &*found;
}

uint64_t TiffDirectory::value(uint16_t id, uint64_t otherwise, size_t index) const {
  const TiffTag* tag = find(id);
  return tag != nullptr && index < tag->values.size() ? tag->values[index] : otherwise;
}

std::optional<TiffDirectory> read_tiff_directory(std::span<const std::byte> bytes) {
  ByteView view(bytes, ByteView::Order::little);
  TiffDirectory directory;
  directory.big_endian = view.has_text(0, "MM");
  if (directory.big_endian) view = ByteView(bytes, ByteView::Order::big);
  if (!directory.big_endian && !view.has_text(0, "II")) return std::nullopt;
  const uint16_t version = view.u16(2);
  if (version != 42 && version != 43) return std::nullopt;

  const bool big_tiff = version == 43;
  const uint64_t start = big_tiff ? view.u64(8) : view.u32(4);
  const uint64_t count = big_tiff ? view.u64(start) : view.u16(start);
  const uint64_t entry_bytes = big_tiff ? 20 : 12;
  uint64_t entry = start + (big_tiff ? 8 : 2);
  for (uint64_t i = 0; i < std::min<uint64_t>(count, kMaxTags) && view.contains(entry, entry_bytes); ++i) {
    if (auto tag = read_tag(view, entry, big_tiff)) directory.tags.push_back(std::move(*tag));
    entry += entry_bytes;
  }
  return directory;
}

std::span<const std::byte> exif_value(std::span<const std::byte> bytes, uint16_t id) {
  constexpr uint16_t kExifDirectory = 0x8769, kText = 2, kUndefined = 7;
  constexpr uint64_t kEntryBytes = 12, kInlineBytes = 4;
  const auto first = read_tiff_directory(bytes);
  const uint64_t start = first ? first->value(kExifDirectory, 0) : 0;
  if (start == 0) return {};
  const ByteView view(bytes, first->big_endian ? ByteView::Order::big : ByteView::Order::little);
  for (uint64_t i = 0; i < std::min<uint64_t>(view.u16(start), kMaxTags); ++i) {
    const uint64_t entry = start + 2 + i * kEntryBytes;
    const uint16_t type = view.u16(entry + 2);
    if (view.u16(entry) != id || (type != kText && type != kUndefined)) continue;
    const uint64_t count = view.u32(entry + 4);
    const uint64_t at = count <= kInlineBytes ? entry + 8 : view.u32(entry + 8);
    if (view.contains(entry, kEntryBytes) && view.contains(at, count)) return view.part(at, count);
  }
  return {};
}

int exif_orientation(std::span<const std::byte> bytes) {
  const ByteView view(bytes, ByteView::Order::little);
  if (view.has_text(0, kExifMark)) bytes = bytes.subspan(kExifMark.size());
  const auto directory = read_tiff_directory(bytes);
  if (!directory) return 1;
  const uint64_t orientation = directory->value(kTiffOrientation, 1);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

}  // namespace janus
