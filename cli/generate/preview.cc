#include "cli/generate/preview.h"

#include <algorithm>
#include <utility>

#include "cli/io/image_output.h"

namespace janus::cli {

Preview::Preview(const std::string& path, int quality)
    : output_(path), format_(output_image_format(path, "--preview")), quality_(quality) {}

void Preview::show(int64_t index, Image image, Console& console) {
  const int64_t first = index / group_ * group_;
  if (first < first_) return;  // of a group that is no longer shown
  if (first > first_) tiles_.clear();
  first_ = first;
  const auto place = static_cast<size_t>(index - first);
  if (tiles_.size() <= place) tiles_.resize(place + 1);
  tiles_[place] = std::move(image);
  write(console);
}

void Preview::write(Console& console) const {
  Image row;
  for (const Image& tile : tiles_) {
    row.height = std::max(row.height, tile.height);
    row.width += tile.width;
  }
  row.pixels.reserve(static_cast<size_t>(row.width) * row.height * 3);
  for (int y = 0; y < row.height; ++y) {
    for (const Image& tile : tiles_) {
      const auto line = tile.pixels.begin() + static_cast<int64_t>(y) * tile.width * 3;
      row.pixels.insert(row.pixels.end(), line, line + static_cast<int64_t>(tile.width) * 3);
    }
  }
  output_.write(encode_image(row, format_, {}, quality_), console);
}

}  // namespace janus::cli
