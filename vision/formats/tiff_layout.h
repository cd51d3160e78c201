// How the samples of a TIFF lie in it, and what they mean.
#pragma once

#include <cstdint>
#include <vector>

#include "vision/formats/image_header.h"
#include "vision/formats/tiff_file.h"

namespace janus {

struct TiffLayout {
  enum class Colors : uint8_t {
    grey,
    palette,
    rgb,
    cmyk,
    ycbcr  // libtiff converts it
  };

  int64_t width = 0;
  int64_t height = 0;
  int orientation = 1;
  Colors colors = Colors::grey;
  bool white_is_zero = false;
  int bits = 0;                // a sample: 1 to 32
  uint32_t samples = 0;        // a pixel, with those of no use here
  bool separate = false;       // each sample in a plane of its own; else all of a pixel side by side
  std::vector<uint16_t> used;  // numbers of the samples that count: colours, then perhaps alpha
  bool has_alpha = false;
  Alpha alpha = Alpha::straight;

  // A piece is a tile, or a strip of whole rows.
  bool tiled = false;
  bool compressed = false;
  int64_t piece_width = 0;
  int64_t piece_height = 0;  // the last strip may have fewer rows
  int64_t row_bytes = 0;     // decoded, of a piece; of one plane where they are separate

  size_t planes() const { return separate ? used.size() : 1; }
};

// Sets up `file` for decoding. Throws Error for kinds that decode_tiff() does not read.
TiffLayout read_tiff_layout(TiffFile& file);

}  // namespace janus
