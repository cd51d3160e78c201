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

template <typename To, typename Read>
void copy_run(const Run& run, Read read, To* to) {
  if (run.from_stride == 1 && run.to_stride == 1) {  // in vectors
    for (size_t i = 0; i < run.count; ++i) to[i] = static_cast<To>(read(run.first + i));
    return;
  }
  size_t sample = run.first;
  for (size_t i = 0; i < run.count; ++i, sample += run.from_stride, to += run.to_stride) {
    *to = static_cast<To>(read(sample));
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

// To 16 bits goes the value, an index; to 8 bits what it means there. libtiff has put 16, 24 and 32 bits in
// the order of this machine.
template <typename To>
void unpack(const uint8_t* row, int bits, const Run& run, To* to) {
  const bool whole = sizeof(To) > 1;
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
  } else if (bits > 8) {
    copy_run(
        run, [=](size_t i) { return load_bits(row, i, bits) >> dropped; }, to);
  } else {
    const uint32_t mask = (1U << bits) - 1;
    std::array<uint8_t, 128> meaning{};
    for (uint32_t value = 0; value <= mask; ++value) {
      meaning[value] = static_cast<uint8_t>(whole ? value : value * 255 / mask);
    }
    if (8 % bits == 0) {
      const auto read = [&, row](size_t i) {
        const size_t at = i * bits;
        return meaning[row[at / 8] >> (8 - bits - at % 8) & mask];
      };
      copy_run(run, read, to);
    } else {
      copy_run(
          run, [&, row](size_t i) { return meaning[load_bits(row, i, bits)]; }, to);
    }
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

bool TiffPixels::is_all_used() const { return !layout_.separate && layout_.used.size() == layout_.samples; }

bool TiffPixels::is_plain() const {
  return is_all_used() && layout_.bits == 8 && !layout_.white_is_zero &&
         (grey_ || layout_.colors == Colors::rgb);
}

void TiffPixels::convert(std::span<const uint8_t* const> rows, size_t count, uint8_t* to) {
  const size_t used = layout_.used.size();
  const auto unpack_one = [&](size_t j, size_t to_stride, auto* place) {
    const Run run{.first = layout_.separate ? 0U : layout_.used[j],
                  .from_stride = layout_.separate ? 1 : layout_.samples,
                  .count = count,
                  .to_stride = to_stride};
    unpack(rows[layout_.separate ? j : 0], layout_.bits, run, place);
  };
  const auto channels = static_cast<size_t>(this->channels());
  if (layout_.has_alpha) unpack_one(used - 1, channels, to + channels - 1);

  if (layout_.colors == Colors::palette) {
    indices_.resize(count);
    unpack_one(0, 1, indices_.data());
    for (const uint16_t index : indices_) {
      std::copy_n(palette_[index].data(), 3, to);
      to += channels;
    }
  } else if (layout_.colors == Colors::cmyk) {
    inks_.resize(4 * count);
    for (size_t c = 0; c < 4; ++c) unpack_one(c, 4, &inks_[c]);
    for (size_t x = 0; x < count; ++x, to += channels) {
      for (size_t c = 0; c < 3; ++c) to[c] = without_ink(inks_[4 * x + c], inks_[4 * x + 3]);
    }
  } else if (is_all_used()) {
    unpack(rows[0], layout_.bits, {0, 1, count * used, 1}, to);
  } else {
    for (size_t c = 0; c < (grey_ ? 1 : 3); ++c) unpack_one(c, channels, to + c);
  }
  if (!layout_.white_is_zero) return;
  for (size_t x = 0; x < count; ++x) to[x * channels] ^= 0xFF;
}

}  // namespace janus
