#include <string_view>

#include "vision/formats/byte_view.h"
#include "vision/formats/foreign_kind.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

constexpr int kMaxDirectories = 32;
constexpr int kMaxTags = 4096;
constexpr uint16_t kPhotometric = 262;
constexpr uint16_t kSubDirectories = 330;
constexpr uint16_t kDngVersion = 50706;
constexpr uint16_t kColorFilterArray = 32803;
constexpr uint16_t kLinearRaw = 34892;

struct Finding {
  bool dng = false;
  bool sensor_values = false;
};

// Looks into the directory at `start`, those below it and those behind it. `left` bounds them all together,
// as a damaged file may link them in a ring.
void look_into(const ByteView& view, uint64_t start, int& left, Finding& finding) {
  constexpr uint64_t kEntry = 12;
  for (; start != 0 && view.contains(start, 2) && left > 0; --left) {
    const int count = view.u16(start);
    if (count > kMaxTags) return;
    for (int i = 0; i < count; ++i) {
      const uint64_t entry = start + 2 + i * kEntry;
      const uint16_t tag = view.u16(entry);
      if (tag == kDngVersion) finding.dng = true;
      if (tag == kPhotometric) {
        const uint16_t meaning = view.u16(entry + 8);
        if (meaning == kColorFilterArray || meaning == kLinearRaw) finding.sensor_values = true;
      }
      if (tag != kSubDirectories) continue;
      const uint32_t below = view.u32(entry + 4);
      const uint64_t list = below == 1 ? entry + 8 : view.u32(entry + 8);
      for (uint32_t j = 0; j < below && left > 0 && view.contains(list + 4 * j, 4); ++j) {
        --left;
        look_into(view, view.u32(list + uint64_t{4} * j), left, finding);
      }
    }
    start = view.u32(start + 2 + count * kEntry);
  }
}

}  // namespace

std::optional<ForeignKind> raw_photo_kind(std::span<const std::byte> bytes) {
  const ByteView little(bytes, ByteView::Order::little);
  const bool is_little = little.has_text(0, "II*\0"sv);
  if (!is_little && !little.has_text(0, "MM\0*"sv)) return std::nullopt;
  if (little.has_text(8, "CR\2")) return ForeignKind{"a Canon raw photo (CR2)", kDevelopPhoto, kRawPhoto};

  const ByteView view = is_little ? little : ByteView(bytes, ByteView::Order::big);
  Finding finding;
  int left = kMaxDirectories;
  look_into(view, view.u32(4), left, finding);
  if (finding.dng) return ForeignKind{"a raw photo (DNG)", kDevelopPhoto, kRawPhoto};
  if (finding.sensor_values) return ForeignKind{"a raw photo (such as NEF or ARW)", kDevelopPhoto, kRawPhoto};
  return std::nullopt;
}

}  // namespace janus
