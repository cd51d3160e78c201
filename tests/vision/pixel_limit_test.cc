// The largest images: told by their headers, before any memory is taken for pixels.
#include <gtest/gtest.h>

#include "tests/vision/image_files.h"
#include "vision/image.h"
#include "vision/image_file.h"

namespace janus {
namespace {

using test::decode_error;
using test::to_bytes;

std::vector<std::byte> pnm(int64_t width, int64_t height) {
  return to_bytes("P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n");
}

TEST(PixelLimit, StandsInTheHeader) {
  constexpr int64_t kSide = 1 << 14;
  static_assert(kSide * kSide == kMaxPixels);
  const ImageSize largest = read_image_size(pnm(kSide, kSide), "a");
  EXPECT_EQ(largest.width * largest.height, kMaxPixels);
  for (const auto& [width, height] :
       {std::pair{kSide, kSide + 1}, {kSide + 1, kSide}, {int64_t{1} << 40, int64_t{1}}}) {
    const std::string error = decode_error(pnm(width, height));
    EXPECT_NE(error.find("expected 1 to 268435456 pixels"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace janus
