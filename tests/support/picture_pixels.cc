// picture_pixels FILE: the picture in FILE as janus reads it, as a PPM on standard output; for comparisons
// with other programs (tests/reference/picture_random.py).
#include <cstdio>

#include "core/base/error.h"
#include "vision/image_file.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "picture_pixels: expected a picture's file, found %d arguments\n", argc - 1);
    return 2;
  }
  try {
    const janus::Image image = janus::read_image(argv[1]).image;
    std::printf("P6\n%d %d\n255\n", image.width, image.height);
    return std::fwrite(image.pixels.data(), 1, image.pixels.size(), stdout) == image.pixels.size() ? 0 : 1;
  } catch (const janus::Error& error) {
    std::fprintf(stderr, "picture_pixels: %s\n", error.what());
    return 1;
  }
}
