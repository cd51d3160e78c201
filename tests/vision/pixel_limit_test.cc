// The largest images: told by their headers, before any memory is taken for pixels.
#include <gtest/gtest.h>

#include "tests/vision/image_files.h"
#include "vision/image.h"

namespace janus {
namespace {

using test::decode_error;
using test::to_bytes;

std::vector<std::byte> png(uint32_t width, uint32_t height) {
  return to_bytes(test::png_of_size(width, height));
}

TEST(PixelLimit, StandsInTheHeader) {
  constexpr uint32_t kSide = 1 << 14;
  static_assert(int64_t{kSide} * kSide == kMaxPixels);
  // Of these, that there are no pixels in the file.
  EXPECT_EQ(decode_error(png(kSide, kSide)).find("expected 1 to"), std::string::npos);
  for (const auto& [width, height] : {std::pair{kSide, kSide + 1}, {kSide + 1, kSide}, {0x7fffffffU, 1U}}) {
    const std::string error = decode_error(png(width, height));
    EXPECT_NE(error.find("expected 1 to 268435456 pixels"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace janus
