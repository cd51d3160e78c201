// From decoded samples of a TIFF to 8-bit pixels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vision/formats/tiff_layout.h"

namespace janus {

// Makes rows of grey, RGB, and either with alpha, of the samples of one layout. More than 8 bits keep the
// high ones; fewer are scaled so that the largest value is 255.
class TiffPixels {
 public:
  // Throws Error where a palette is missing.
  TiffPixels(const TiffFile& file, const TiffLayout& layout);

  int channels() const { return (grey_ ? 1 : 3) + (layout_.has_alpha ? 1 : 0); }
  // Whether a row is what a decoder gives, byte for byte.
  bool is_plain() const;
  // Makes `count` pixels. rows: the first sample of each plane.
  void convert(std::span<const uint8_t* const> rows, size_t count, uint8_t* to);

 private:
  void read_palette(const TiffFile& file);
  bool is_all_used() const;

  const TiffLayout& layout_;
  bool grey_;
  std::vector<std::array<uint8_t, 3>> palette_;
  std::vector<uint16_t> indices_;  // of a row
  std::vector<uint8_t> inks_;
};

}  // namespace janus
