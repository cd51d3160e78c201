#include "vision/contact_sheet.h"

#include <stb_easy_font.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace janus {
namespace {

constexpr int kMargin = 8;
constexpr int kLabelLines = 3;
constexpr int kLineHeight = 12;
constexpr int kSmallestTile = 192, kTileOfLargeSheet = 64;
constexpr int kWidestSheet = 4096;

std::string printable(std::string_view text) {
  std::string line;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) == 0x80) continue;  // the rest of a character already shown
    line += byte >= 0x20 && byte < 0x7f ? c : '?';
  }
  return line;
}

void fill(Image& image, int left, int top, int right, int bottom) {
  left = std::max(left, 0);
  top = std::max(top, 0);
  right = std::min(right, image.width);
  bottom = std::min(bottom, image.height);
  for (int y = top; y < bottom && left < right; ++y) {
    const auto start = image.pixels.begin() + (static_cast<int64_t>(y) * image.width + left) * 3;
    std::fill(start, start + static_cast<int64_t>(right - left) * 3, uint8_t{0});
  }
}

void paste(const Image& from, Image& to, int left, int top) {
  for (int y = 0; y < from.height; ++y) {
    std::copy_n(from.pixels.begin() + static_cast<int64_t>(y) * from.width * 3, from.width * 3,
                to.pixels.begin() + (static_cast<int64_t>(top + y) * to.width + left) * 3);
  }
}

// Words into lines of at most `width` pixels; a word that is longer is broken.
std::vector<std::string> wrap(std::string_view text, int width, size_t most) {
  std::vector<std::string> lines(1);
  std::string rest = printable(text);
  while (!rest.empty() && lines.size() <= most) {
    const size_t space = rest.find(' ', 1);
    std::string word = rest.substr(0, space);
    rest.erase(0, word.size());
    if (text_width(lines.back() + word, 1) > width && !lines.back().empty()) {
      lines.emplace_back();
      word.erase(0, word.find_first_not_of(' '));
    }
    for (char c : word) {
      if (text_width(lines.back() + c, 1) > width && !lines.back().empty()) lines.emplace_back();
      lines.back() += c;
    }
  }
  if (lines.size() > most) lines.resize(most);
  return lines;
}

}  // namespace

int text_width(std::string_view text, int scale) {
  std::string line = printable(text);
  return stb_easy_font_width(line.data()) * scale;
}

void draw_text(Image& image, int x, int y, int scale, std::string_view text) {
  struct Corner {
    float x, y, z;
    std::array<unsigned char, 4> color;
  };
  constexpr size_t kCornersOfLetter = 4 * 16;  // more than any letter has
  std::string line = printable(text);
  std::vector<Corner> corners(line.size() * kCornersOfLetter);
  const int quads = stb_easy_font_print(0, 0, line.data(), nullptr, corners.data(),
                                        static_cast<int>(corners.size() * sizeof(Corner)));
  for (int quad = 0; quad < quads; ++quad) {
    const Corner &from = corners[quad * 4], &to = corners[quad * 4 + 2];
    fill(image, x + static_cast<int>(from.x) * scale, y + static_cast<int>(from.y) * scale,
         x + static_cast<int>(to.x) * scale, y + static_cast<int>(to.y) * scale);
  }
}

ContactSheet::ContactSheet(int count, int width, int height) {
  IntRange{.low = 1, .high = kMostImages}.check("contact sheet, images", count);
  columns_ = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count))));
  const int rows = (count + columns_ - 1) / columns_;
  const int longer = std::max(width, height);
  const int enlarge = std::max(1, kSmallestTile / longer);
  const int room = std::max(kTileOfLargeSheet, kWidestSheet / columns_ - kMargin);
  const double factor = std::min<double>(enlarge, static_cast<double>(room) / longer);
  tile_width_ = std::max(1, static_cast<int>(width * factor));
  tile_height_ = std::max(1, static_cast<int>(height * factor));
  sheet_.width = columns_ * (tile_width_ + kMargin) + kMargin;
  sheet_.height = rows * (tile_height_ + kMargin + kLabelLines * kLineHeight) + kMargin;
  sheet_.pixels.assign(static_cast<size_t>(sheet_.width) * sheet_.height * 3, 255);
}

void ContactSheet::put(int place, const Image& image, std::string_view label) {
  const int left = kMargin + place % columns_ * (tile_width_ + kMargin);
  const int top = kMargin + place / columns_ * (tile_height_ + kMargin + kLabelLines * kLineHeight);
  const bool fits = image.width == tile_width_ && image.height == tile_height_;
  paste(fits ? image : resize_bicubic(image, tile_width_, tile_height_), sheet_, left, top);
  int y = top + tile_height_ + 3;
  for (const std::string& line : wrap(label, tile_width_, kLabelLines)) {
    draw_text(sheet_, left, y, 1, line);
    y += kLineHeight;
  }
}

}  // namespace janus
