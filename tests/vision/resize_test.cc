// Against Pillow 13, byte for byte; the expected bytes come from tests/reference/vision_golden.py.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "tests/vision/seeded_image.h"
#include "vision/image.h"

namespace janus {
namespace {

std::string hex(const std::vector<uint8_t>& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

TEST(ResizeBicubic, EqualsPillow) {
  std::ifstream file(JANUS_TEST_DATA "/vision/resize.txt");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    std::istringstream fields(line);
    int width = 0, height = 0, new_width = 0, new_height = 0, kind = 0;
    uint64_t seed = 0;
    std::string expected;
    fields >> width >> height >> new_width >> new_height >> kind >> seed >> expected;
    ASSERT_FALSE(fields.fail()) << line;
    const Image result = resize_bicubic(test::seeded_image(width, height, kind, seed), new_width, new_height);
    ASSERT_EQ(result.width, new_width);
    ASSERT_EQ(result.height, new_height);
    ASSERT_EQ(result.pixels.size(), size_t{3} * new_width * new_height);
    const bool whole = expected.size() != 16;
    EXPECT_EQ(whole ? hex(result.pixels) : fmt::format("{:016x}", test::fnv1a(result.pixels)), expected)
        << line;
  }
  EXPECT_EQ(cases, 236);
}

TEST(Resize, EqualsPillowWithEachFilter) {
  std::ifstream file(JANUS_TEST_DATA "/vision/resample.txt");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    std::istringstream fields(line);
    int filter = 0, width = 0, height = 0, new_width = 0, new_height = 0, kind = 0;
    uint64_t seed = 0;
    std::string expected;
    fields >> filter >> width >> height >> new_width >> new_height >> kind >> seed >> expected;
    ASSERT_FALSE(fields.fail()) << line;
    const Image result = resize(test::seeded_image(width, height, kind, seed), new_width, new_height,
                                static_cast<Resample>(filter));
    EXPECT_EQ(fmt::format("{:016x}", test::fnv1a(result.pixels)), expected) << line;
  }
  EXPECT_EQ(cases, 240);
}

TEST(ResizeBicubic, KeepsAFlatImageFlat) {
  Image flat{9, 200, std::vector<uint8_t>(9 * 200 * 3, 201)};
  EXPECT_EQ(resize_bicubic(flat, 400, 3).pixels, std::vector<uint8_t>(400 * 3 * 3, 201));
  EXPECT_EQ(resize_bicubic(flat, 2, 500).pixels, std::vector<uint8_t>(2 * 500 * 3, 201));
}

TEST(ResizeBicubic, ServesHugeRatios) {
  const Image line = test::seeded_image(200000, 1, 0, 3);
  EXPECT_EQ(resize_bicubic(line, 3, 2).pixels.size(), 18U);
  const Image dot = test::seeded_image(1, 1, 0, 3);
  const Image wall = resize_bicubic(dot, 5000, 1000);
  EXPECT_EQ(wall.pixels[0], dot.pixels[0]);
  EXPECT_EQ(wall.pixels.back(), dot.pixels[2]);
}

TEST(ResizeBicubic, RefusesSizesWithoutPixels) {
  const Image image = test::seeded_image(2, 2, 0, 1);
  EXPECT_THROW(resize_bicubic(image, 0, 2), Error);
  EXPECT_THROW(resize_bicubic(image, 2, -1), Error);
  EXPECT_THROW(resize_bicubic(image, 1 << 20, 1 << 20), Error);
  EXPECT_THROW(resize_bicubic(Image{}, 2, 2), Error);
}

}  // namespace
}  // namespace janus
