// The largest images: told by their headers, before any memory is taken for pixels, and JPEGs that are shrunk
// while they are decoded.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/image_files.h"
#include "vision/image.h"

namespace janus {
namespace {

using test::decode_error;
using test::to_bytes;

std::vector<std::byte> png(uint32_t width, uint32_t height) {
  return to_bytes(test::png_of_size(width, height));
}

std::string error_of(const std::vector<std::byte>& bytes, int64_t pixel_limit) {
  try {
    decode_image(bytes, "test", pixel_limit);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

Image smooth(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const double wave : {std::sin(x / 9.0), std::sin(y / 7.0), std::sin((x + y) / 11.0)}) {
        image.pixels.push_back(static_cast<uint8_t>(std::lround(128 + 100 * wave)));
      }
    }
  }
  return image;
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(PixelLimit, StandsInTheHeader) {
  constexpr uint16_t kSide = 10'000;
  static_assert(int64_t{kSide} * kSide == kUsualPixelLimit);
  for (const auto& [width, height] : {std::pair<uint16_t, uint16_t>{kSide, kSide + 1}, {kSide + 1, kSide}}) {
    const std::string error = decode_error(to_bytes(test::gif_of_size(width, height)));
    EXPECT_NE(error.find("expected 1 to 100000000 pixels"), std::string::npos) << error;
    EXPECT_NE(error.find("--limit-pixels"), std::string::npos) << error;
  }
  // Of this, that there are no pixels in the file.
  EXPECT_EQ(error_of(png(1U << 14, 1U << 14), kMaxPixels).find("expected 1 to"), std::string::npos);
  for (const auto& [width, height] : {std::pair{1U << 14, (1U << 14) + 1}, {0x7fffffffU, 1U}}) {
    const std::string error = error_of(png(width, height), kMaxPixels);
    EXPECT_NE(error.find("expected 1 to 268435456 pixels"), std::string::npos) << error;
    EXPECT_EQ(error.find("--limit-pixels"), std::string::npos) << error;
  }
}

TEST(PixelLimit, RefusesOnePixelMoreThanIsAsked) {
  const std::vector<std::byte> file = encode_image(smooth(40, 30), ImageFormat::png);
  EXPECT_EQ(error_of(file, 1200), "");
  EXPECT_NE(error_of(file, 1199).find("found 40 x 30"), std::string::npos);
}

#if JANUS_WITH_IMAGES
TEST(PixelLimit, ShrinksAJpegUntilItFits) {
  constexpr int kWidth = 208, kHeight = 160;
  const std::vector<std::byte> file = encode_image(smooth(kWidth, kHeight), ImageFormat::jpeg);
  const DecodedImage whole = decode_image(file, "test", kWidth * kHeight);
  EXPECT_EQ(whole.warning, "");
  for (const auto& [limit, shrink] : {std::pair{kWidth * kHeight - 1, 2},
                                      {104 * 80, 2},
                                      {104 * 80 - 1, 4},
                                      {52 * 40, 4},
                                      {52 * 40 - 1, 8},
                                      {26 * 20, 8}}) {
    SCOPED_TRACE(limit);
    const DecodedImage shrunk = decode_image(file, "test", limit);
    EXPECT_NE(shrunk.warning.find("1/" + std::to_string(shrink)), std::string::npos) << shrunk.warning;
    const Image expected = resize(whole.image, kWidth / shrink, kHeight / shrink, Resample::box);
    ASSERT_EQ(shrunk.image.width, expected.width);
    ASSERT_EQ(shrunk.image.height, expected.height);
    EXPECT_LT(mean_difference(shrunk.image, expected), 4.0);
    const ImageSize size = read_image_size(file, "test", limit);
    EXPECT_EQ(size.width, kWidth);
    EXPECT_EQ(size.height, kHeight);
    EXPECT_EQ(size.decoded, int64_t{expected.width} * expected.height);
  }
  EXPECT_NE(error_of(file, 26 * 20 - 1).find("found 208 x 160"), std::string::npos);
}

TEST(PixelLimit, TurnsAShrunkJpegUpright) {
  const std::vector<std::byte> file = test::image_bytes("orientation6.jpg");
  const Image whole = decode_image(file, "test").image;
  const Image shrunk = decode_image(file, "test", int64_t{whole.width} * whole.height - 1).image;
  EXPECT_EQ(shrunk.width, (whole.width + 1) / 2);
  EXPECT_EQ(shrunk.height, (whole.height + 1) / 2);
  EXPECT_LT(mean_difference(shrunk, resize(whole, shrunk.width, shrunk.height, Resample::box)), 20.0);
}

TEST(PixelLimit, BoundsWhatAProgressiveJpegTakesBesides) {
  // 4 million pixels of one channel, and a scan that is not the first of its kind.
  std::string file = test::jpeg_of_size(2000, 2000);
  file.replace(file.find("\xFF\xC0"), 2, "\xFF\xC2");
  const std::string error = error_of(to_bytes(file), 2000 * 2000 / 64);
  EXPECT_NE(error.find("baseline"), std::string::npos) << error;
  EXPECT_EQ(error_of(to_bytes(file), 2000 * 2000).find("baseline"), std::string::npos);
  EXPECT_EQ(error_of(test::image_bytes("progressive.jpg"), 13 * 9), "");
}
#endif

}  // namespace
}  // namespace janus
