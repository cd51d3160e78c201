#include "vision/check_image.h"

#include "core/base/error.h"

namespace janus {

void check_image(const Image& image, const char* what) {
  check(image.width > 0 && image.height > 0 && int64_t{image.width} * image.height <= kMaxPixels,
        "{}: expected 1 x 1 to {} pixels, found {} x {}; give another", what, kMaxPixels, image.width,
        image.height);
  const int64_t bytes = int64_t{3} * image.width * image.height;
  check(static_cast<int64_t>(image.pixels.size()) == bytes,
        "{}: expected 3 bytes a pixel, {} for {} x {}, found {}; make width, height and pixels agree", what,
        bytes, image.width, image.height, image.pixels.size());
}

}  // namespace janus
