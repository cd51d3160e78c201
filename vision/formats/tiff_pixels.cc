#include "vision/formats/tiff_pixels.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.h"

namespace janus {
namespace {

using Colors = TiffLayout::Colors;

// Every `from_stride`th sample from number `first` on goes to every `to_stride`th place.
struct Run {
  size_t first, from_stride, count, to_stride;
};

template <typename Read>
void copy_run(const Run& run, Read read, uint16_t* to) {
  size_t sample = run.first;
  for (size_t i = 0; i < run.count; ++i, sample += run.from_stride, to += run.to_stride) {
    *to = static_cast<uint16_t>(read(sample));
  }
}

template <typename Value>
Value load(const uint8_t* row, size_t sample) {
  Value value;
  std::memcpy(&value, row + sample * sizeof(Value), sizeof(Value));
  return value;
}

// Sizes that fill no whole bytes are packed, the first sample in the highest bits.
uint32_t load_bits(const uint8_t* row, size_t sample, int bits) {
  const size_t start = sample * bits;
  const size_t end = start + bits;
  uint64_t value = 0;
  for (size_t byte = start / 8; byte * 8 < end; ++byte) value = value << 8 | row[byte];
  return static_cast<uint32_t>(value >> ((8 - end % 8) % 8) & ((uint64_t{1} << bits) - 1));
}

// whole: keep the value, an index; else make it one of 8 bits. libtiff has put 16, 24 and 32 bits in the
// order of this machine.
void unpack(const uint8_t* row, int bits, bool whole, const Run& run, uint16_t* to) {
  const int dropped = whole ? 0 : std::max(bits - 8, 0);
  if (bits == 8) {
    copy_run(
        run, [=](size_t i) { return row[i]; }, to);
  } else if (bits == 16) {
    copy_run(
        run, [=](size_t i) { return load<uint16_t>(row, i) >> dropped; }, to);
  } else if (bits == 32) {
    copy_run(
        run, [=](size_t i) { return load<uint32_t>(row, i) >> dropped; }, to);
  } else if (bits == 24) {
    const size_t high = std::endian::native == std::endian::little ? 2 : 0;
    copy_run(
        run, [=](size_t i) { return row[3 * i + high]; }, to);
  } else {
    const uint32_t full = whole || bits > 8 ? 1 : (1U << bits) - 1;
    const uint32_t scale = whole || bits > 8 ? 1 : 255;
    copy_run(
        run, [=](size_t i) { return (load_bits(row, i, bits) >> dropped) * scale / full; }, to);
  }
}

// What Pillow makes of it: the light that the ink leaves, of what the black leaves.
uint8_t without_ink(int ink, int black) {
  return static_cast<uint8_t>(((255 - ink) * (255 - black) + 127) / 255);
}

}  // namespace

TiffPixels::TiffPixels(const TiffFile& file, const TiffLayout& layout)
    : layout_(layout), grey_(layout.colors == Colors::grey) {
  if (layout.colors == Colors::palette) read_palette(file);
}

void TiffPixels::read_palette(const TiffFile& file) {
  const uint16_t* red = nullptr;
  const uint16_t* green = nullptr;
  const uint16_t* blue = nullptr;
  const bool found = TIFFGetField(file.handle(), TIFFTAG_COLORMAP, &red, &green, &blue) == 1;
  check(found, "picture {}: expected a palette in its TIFF, found none; it is damaged", file.name());
  palette_.resize(size_t{1} << layout_.bits);
  // Some writers put 8-bit colours where 16-bit ones belong; libtiff takes them as meant, too.
  uint16_t largest = 0;
  for (size_t i = 0; i < palette_.size(); ++i) largest = std::max({largest, red[i], green[i], blue[i]});
  const int dropped = largest < 256 ? 0 : 8;
  for (size_t i = 0; i < palette_.size(); ++i) {
    size_t c = 0;
    for (const uint16_t* map : {red, green, blue}) palette_[i][c++] = static_cast<uint8_t>(map[i] >> dropped);
  }
}

bool TiffPixels::is_plain() const {
  const bool all_used = layout_.planes() == 1 && layout_.used.size() == layout_.samples;
  return all_used && layout_.bits == 8 && !layout_.white_is_zero && (grey_ || layout_.colors == Colors::rgb);
}

void TiffPixels::convert(std::span<const uint8_t* const> rows, size_t count, uint8_t* to) {
  const size_t used = layout_.used.size();
  values_.resize(count * used);
  for (size_t j = 0; j < used; ++j) {
    const bool index = layout_.colors == Colors::palette && j == 0;
    const Run run{.first = layout_.separate ? 0U : layout_.used[j],
                  .from_stride = layout_.separate ? 1 : layout_.samples,
                  .count = count,
                  .to_stride = used};
    unpack(rows[layout_.separate ? j : 0], layout_.bits, index, run, &values_[j]);
  }
  const int flip = layout_.white_is_zero ? 255 : 0;
  const uint16_t* from = values_.data();
  for (size_t x = 0; x < count; ++x, from += used) {
    switch (layout_.colors) {
      case Colors::grey:
        *to++ = static_cast<uint8_t>(from[0] ^ flip);
        break;
      case Colors::palette:
        to = std::copy_n(palette_[from[0]].data(), 3, to);
        break;
      case Colors::cmyk:
        for (int c = 0; c < 3; ++c) *to++ = without_ink(from[c], from[3]);
        break;
      default:
        for (int c = 0; c < 3; ++c) *to++ = static_cast<uint8_t>(from[c]);
    }
    if (layout_.has_alpha) *to++ = static_cast<uint8_t>(from[used - 1]);
  }
}

}  // namespace janus
