#include "cli/generate/preview.h"

#include <algorithm>

#include "cli/io/picture_output.h"

namespace janus::cli {
namespace {

constexpr uint8_t kNotDrawn = 127;

// The decoder wants all codes: the last line stands in for those to come, so that its surroundings look
// alike.
Image picture_so_far(const GeneratedImage& image, const Model& model) {
  ImageCodes codes = image.codes;
  const auto width = static_cast<size_t>(codes.width), drawn = codes.codes.size();
  while (codes.codes.size() < width * static_cast<size_t>(codes.height)) {
    codes.codes.push_back(codes.codes[codes.codes.size() - width]);
  }
  Image picture = picture_of(model.decode(codes));
  const size_t rows = drawn / width * static_cast<size_t>(picture.height / codes.height);
  std::fill(picture.pixels.begin() + static_cast<int64_t>(rows * static_cast<size_t>(picture.width) * 3),
            picture.pixels.end(), kNotDrawn);
  return picture;
}

}  // namespace

Preview::Preview(const std::string& path, int64_t every)
    : output_(path), format_(picture_format(path, "--preview")), every_(every) {}

void Preview::lines_drawn(std::span<const GeneratedImage> so_far, const Model& model, Console& console) {
  const auto lines = static_cast<int64_t>(so_far[0].codes.codes.size()) / so_far[0].codes.width;
  if (lines % every_ != 0) return;
  first_ = so_far[0].index;
  tiles_.clear();
  for (const GeneratedImage& image : so_far) tiles_.push_back(picture_so_far(image, model));
  write(console);
}

void Preview::finished(int index, const Image& image, Console& console) {
  if (index < first_ || index >= first_ + static_cast<int>(tiles_.size())) {
    first_ = index;
    tiles_.assign(1, {});
  }
  tiles_[static_cast<size_t>(index - first_)] = image;
  write(console);
}

void Preview::write(Console& console) const {
  Image row;
  row.height = tiles_[0].height;
  for (const Image& tile : tiles_) row.width += tile.width;
  row.pixels.reserve(static_cast<size_t>(row.width) * row.height * 3);
  for (int y = 0; y < row.height; ++y) {
    for (const Image& tile : tiles_) {
      const auto line = tile.pixels.begin() + static_cast<int64_t>(y) * tile.width * 3;
      row.pixels.insert(row.pixels.end(), line, line + static_cast<int64_t>(tile.width) * 3);
    }
  }
  output_.write(encode_image(row, format_), console);
}

}  // namespace janus::cli
