// BMP of all kinds but those that wrap another format. No library reads them all.
//
// Readers differ on a few points; here: alpha counts where the header has a mask for it and not all of it is
// 0; a fourth byte without a mask is padding; pixels that run lengths pass over are white; an index behind
// the palette's end is an error.
#include <algorithm>

#include "core/base/error.h"
#include "vision/formats/bmp_layout.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

constexpr uint8_t kWhite = 255;

struct Color {
  uint8_t red, green, blue, alpha;
};

// The picture in the making: white, and opaque, where nothing is drawn.
class Canvas {
 public:
  Canvas(const BmpLayout& layout, std::span<const std::byte> bytes, const std::string& name)
      : layout_(layout), name_(name) {
    pixels_.width = static_cast<int>(layout.width);
    pixels_.height = static_cast<int>(layout.height);
    pixels_.channels = layout.has_alpha ? 4 : 3;
    pixels_.values.assign(static_cast<size_t>(layout.width * layout.height) * pixels_.channels, kWhite);
    const ByteView view(bytes, ByteView::Order::little);
    palette_.reserve(layout.palette_size);
    for (uint64_t i = 0, at = layout.palette_offset; i < layout.palette_size; ++i, at += layout.entry_bytes) {
      if (!view.contains(at, layout.entry_bytes)) break;
      palette_.push_back({view.u8(at + 2), view.u8(at + 1), view.u8(at), kWhite});
    }
  }

  // Draws `values` from (x, row) on, the row counted as the file stores them. They must lie inside.
  void draw(int64_t x, int64_t row, std::span<const uint32_t> values) {
    const int64_t y = layout_.from_top ? row : layout_.height - 1 - row;
    uint8_t* to = &pixels_.values[static_cast<size_t>(y * layout_.width + x) * pixels_.channels];
    if (layout_.has_palette()) {
      for (const uint32_t index : values) to = put(palette_entry(index), to);
    } else {
      const auto& [red, green, blue, alpha] = layout_.channels;
      for (const uint32_t value : values) {
        to = put({red.of(value), green.of(value), blue.of(value), alpha.of(value)}, to);
      }
    }
  }

  Pixels take() {
    make_opaque_if_all_clear();
    return std::move(pixels_);
  }

 private:
  const Color& palette_entry(uint32_t index) const {
    check(index < palette_.size(),
          "picture {}: expected indices into its palette of {} colours, found {}; it is damaged", name_,
          palette_.size(), index);
    return palette_[index];
  }

  uint8_t* put(const Color& color, uint8_t* to) const {
    *to++ = color.red;
    *to++ = color.green;
    *to++ = color.blue;
    if (layout_.has_alpha) *to++ = color.alpha;
    return to;
  }

  // Writers that know of no alpha leave it 0.
  void make_opaque_if_all_clear() {
    if (!layout_.has_alpha) return;
    auto& values = pixels_.values;
    for (size_t i = 3; i < values.size(); i += 4) {
      if (values[i] != 0) return;
    }
    for (size_t i = 3; i < values.size(); i += 4) values[i] = kWhite;
  }

  const BmpLayout& layout_;
  const std::string& name_;
  Pixels pixels_;
  std::vector<Color> palette_;
};

// Takes pixels apart that lie side by side: `bits` each, the first in a byte's high bits; 16 and more are
// little-endian.
void unpack(const uint8_t* from, int bits, std::span<uint32_t> values) {
  if (bits < 8) {
    const size_t per_byte = 8 / bits;
    const uint32_t mask = (1U << bits) - 1;
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = from[i / per_byte] >> (8 - bits - i % per_byte * bits) & mask;
    }
    return;
  }
  if (bits == 8) std::copy_n(from, values.size(), values.begin());
  if (bits == 16) {
    for (uint32_t& value : values) value = from[0] | from[1] << 8, from += 2;
  }
  if (bits == 24) {
    for (uint32_t& value : values) value = from[0] | from[1] << 8 | from[2] << 16, from += 3;
  }
  if (bits == 32) {
    for (uint32_t& value : values)
      value = from[0] | from[1] << 8 | from[2] << 16 | uint32_t{from[3]} << 24, from += 4;
  }
}

void draw_rows(const BmpLayout& layout, std::span<const std::byte> data, Canvas& canvas) {
  std::vector<uint32_t> values(static_cast<size_t>(layout.width));
  for (int64_t row = 0; row < layout.height && !data.empty(); ++row) {
    const uint64_t bytes = std::min<uint64_t>(data.size(), layout.used_row_bytes());
    const auto whole = std::span(values).first(std::min<uint64_t>(layout.width, bytes * 8 / layout.bits));
    unpack(reinterpret_cast<const uint8_t*>(data.data()), layout.bits, whole);
    canvas.draw(0, row, whole);
    data = data.subspan(std::min<uint64_t>(data.size(), layout.row_bytes()));
  }
}

// Returns whether the runs come to their end: its mark, or the last pixel. Runs that leave their row are cut
// at its end.
bool draw_runs(const BmpLayout& layout, std::span<const std::byte> data, Canvas& canvas) {
  enum Escape : uint8_t { kEndOfRow = 0, kEnd = 1, kMove = 2 };  // in place of a count of pixels
  const ByteView view(data, ByteView::Order::little);
  std::vector<uint32_t> values;
  int64_t x = 0;
  int64_t row = 0;
  const auto draw = [&] {
    const int64_t inside = std::clamp<int64_t>(layout.width - x, 0, values.size());
    if (inside > 0) canvas.draw(x, row, std::span(values).first(inside));
    x += values.size();
  };
  for (uint64_t at = 0; row < layout.height;) {
    if (!view.contains(at, 2)) return row == layout.height - 1 && x >= layout.width;
    const uint8_t count = view.u8(at);
    const uint8_t second = view.u8(at + 1);
    if (count > 0) {
      const uint64_t bytes = std::max(layout.bits / 8, 1);
      if (!view.contains(at + 1, bytes)) return false;
      values.resize(8 / std::min(layout.bits, 8));  // one pixel, or the two of a byte in turn
      unpack(reinterpret_cast<const uint8_t*>(data.data() + at + 1), layout.bits, values);
      const size_t period = values.size();
      values.resize(count);
      for (size_t i = period; i < count; ++i) values[i] = values[i - period];
      draw();
      at += 1 + bytes;
    } else if (second == kEndOfRow) {
      x = 0;
      ++row;
      at += 2;
    } else if (second == kEnd) {
      return true;
    } else if (second == kMove) {
      if (!view.contains(at, 4)) return false;
      x += view.u8(at + 2);
      row += view.u8(at + 3);
      at += 4;
    } else {
      const uint64_t bytes = (uint64_t{second} * layout.bits + 7) / 8;
      if (!view.contains(at + 2, bytes)) return false;
      values.resize(second);
      unpack(reinterpret_cast<const uint8_t*>(data.data() + at + 2), layout.bits, values);
      draw();
      at += 2 + bytes + bytes % 2;
    }
  }
  return true;
}

std::string cut_short_warning(const std::string& name) {
  return "picture " + name + ": the BMP is cut short; the part that is missing is blank";
}

}  // namespace

ImageHeader read_bmp_header(std::span<const std::byte> bytes, const std::string& name) {
  const BmpLayout layout = read_bmp_layout(bytes, name);
  ImageHeader header;
  header.format = ReadableImageFormat::bmp;
  header.width = layout.width;
  header.height = layout.height;
  const uint64_t there = bytes.size() - std::min<uint64_t>(bytes.size(), layout.pixels_offset);
  const bool some = there >= static_cast<uint64_t>(layout.has_runs() ? 2 : layout.used_row_bytes());
  if (!some) fail_cut_short(header.format, bytes.size(), name);
  // The last row's padding is no loss.
  const auto needed =
      static_cast<uint64_t>(layout.row_bytes() * (layout.height - 1) + layout.used_row_bytes());
  if (!layout.has_runs() && there < needed) header.warning = cut_short_warning(name);
  return header;
}

Pixels decode_bmp(const ImageHeader& /*header*/, std::span<const std::byte> bytes, const std::string& name) {
  const BmpLayout layout = read_bmp_layout(bytes, name);
  Canvas canvas(layout, bytes, name);
  const auto data = bytes.subspan(std::min<uint64_t>(bytes.size(), layout.pixels_offset));
  bool whole = true;
  if (layout.has_runs()) {
    whole = draw_runs(layout, data, canvas);
  } else {
    draw_rows(layout, data, canvas);
  }
  Pixels pixels = canvas.take();
  if (!whole) pixels.warning = cut_short_warning(name);
  return pixels;
}

}  // namespace janus
