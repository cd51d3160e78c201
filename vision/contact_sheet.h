// Images made of images, for people to look at: sheets with labels, and enlargements.
#pragma once

#include <string_view>

#include "core/base/range.h"
#include "vision/image.h"

namespace janus {

// The factors that enlarge_lanczos() takes.
inline constexpr IntRange kEnlargements{.low = 2, .high = 8};

// Whether enlarge_lanczos() works: OpenCV does it, in a module.
bool can_enlarge();
// Lanczos resampling over 8 x 8 pixels to `factor` times the size. Throws Error where can_enlarge() is false,
// or the result had more than kMaxPixels.
Image enlarge_lanczos(const Image& image, int factor);

// Writes black text with its upper left corner at (x, y), each of its pixels `scale` wide and high, in one
// line. What is not ASCII is shown as "?"; what does not fit on the image is cut.
void draw_text(Image& image, int x, int y, int scale, std::string_view text);
// The width of the text in pixels.
int text_width(std::string_view text, int scale);

// A white page with a number of images of one size in rows, each over its label. Small images are
// enlarged by a whole factor, and images of a large sheet are shrunk.
class ContactSheet {
 public:
  // More images than this are too small to see on one page.
  static constexpr int kMostImages = 4096;

  // count: 1 to kMostImages. width, height: of the images that come.
  ContactSheet(int count, int width, int height);

  // Puts an image of any size into a place from 0; words of the label that do not fit its lines are cut.
  void put(int place, const Image& image, std::string_view label);
  const Image& image() const { return sheet_; }

 private:
  int columns_ = 1;
  int tile_width_ = 0, tile_height_ = 0;  // of an image on the sheet
  Image sheet_;
};

}  // namespace janus
