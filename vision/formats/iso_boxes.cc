#include "vision/formats/iso_boxes.h"

namespace janus {
namespace {

constexpr size_t kMaxBoxes = 65536;

}  // namespace

std::optional<IsoBox> iso_box_at(const ByteView& file, uint64_t position, uint64_t end) {
  constexpr uint64_t kHeader = 8, kLongHeader = 16;
  if (end > file.size() || position > end || end - position < kHeader) return std::nullopt;
  uint64_t size = file.u32(position);
  uint64_t header = kHeader;
  if (size == 1) {
    size = file.u64(position + kHeader);
    header = kLongHeader;
  }
  if (size == 0) size = end - position;
  if (size < header || size > UINT64_MAX - position) return std::nullopt;
  return IsoBox{position + 4, position + header, position + size};
}

std::vector<IsoBox> iso_boxes(const ByteView& file, uint64_t position, uint64_t end) {
  std::vector<IsoBox> boxes;
  while (boxes.size() < kMaxBoxes) {
    const auto box = iso_box_at(file, position, end);
    if (!box) break;
    boxes.push_back(*box);
    position = box->end;
  }
  return boxes;
}

std::optional<IsoBox> find_iso_box(const ByteView& file, const std::vector<IsoBox>& boxes,
                                   std::string_view type) {
  for (const IsoBox& box : boxes) {
    if (file.has_text(box.type_position, type)) return box;
  }
  return std::nullopt;
}

}  // namespace janus
