#include "cli/generate/tiles.h"

#include <algorithm>
#include <cstddef>

namespace janus::cli {

void Tiles::add(const Candidate& tile) {
  const int64_t columns = std::min<int64_t>(count_, 2), rows = (count_ + columns - 1) / columns;
  const auto row_bytes = static_cast<std::ptrdiff_t>(tile.image.width) * 3;
  Image& all = joined_.image;
  if (there_ == 0) {
    joined_.seed = tile.seed;
    all = {.width = static_cast<int>(tile.image.width * columns),
           .height = static_cast<int>(tile.image.height * rows),
           .pixels = {}};
    all.pixels.resize(static_cast<size_t>(row_bytes * columns) * static_cast<size_t>(all.height));
  }
  add_times(tile.timings);
  const std::ptrdiff_t left = there_ % columns, top = there_ / columns * tile.image.height;
  for (std::ptrdiff_t y = 0; y < tile.image.height; ++y) {
    std::copy_n(tile.image.pixels.begin() + y * row_bytes, row_bytes,
                all.pixels.begin() + ((top + y) * columns + left) * row_bytes);
  }
  ++there_;
}

void Tiles::add_times(const Timings& times) {
  Timings& all = joined_.timings;
  const double drawn = all.tokens_per_second * all.decode_ms + times.tokens_per_second * times.decode_ms;
  all.vision_ms += times.vision_ms;
  all.prefill_ms += times.prefill_ms;
  all.decode_ms += times.decode_ms;
  all.image_decode_ms += times.image_decode_ms;
  all.passes += times.passes;
  all.tokens_per_second = all.decode_ms > 0 ? drawn / all.decode_ms : 0;
}

}  // namespace janus::cli
