// Against the original VLMImageProcessor (Pillow, numpy), bit for bit; tests/reference/vision_golden.py.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "tests/vision/seeded_image.h"
#include "vision/image.h"

namespace janus {
namespace {

struct GoldenCounts {
  int preprocess = 0;
  int to_image = 0;
};

void check_preprocess(std::istringstream& fields, const std::string& line) {
  int width = 0, height = 0, style = 0;
  uint64_t seed = 0;
  std::string expected;
  PreprocessConfig config;
  fields >> width >> height >> config.image_size >> config.min_size >> style >> seed >> expected;
  ASSERT_FALSE(fields.fail()) << line;
  config.do_normalize = style != 0;
  if (style == 2) {
    config.image_mean = {0.48145466F, 0.4578275F, 0.40821073F};
    config.image_std = {0.26862954F, 0.26130258F, 0.27577711F};
  }
  const std::vector<float> values = preprocess(test::seeded_image(width, height, 0, seed), config);
  ASSERT_EQ(values.size(), size_t{3} * config.image_size * config.image_size);
  EXPECT_EQ(fmt::format("{:016x}", test::fnv1a(values)), expected) << line;
}

void check_to_image(std::istringstream& fields, const std::string& line) {
  int width = 0, height = 0;
  uint64_t seed = 0;
  std::string expected;
  fields >> width >> height >> seed >> expected;
  ASSERT_FALSE(fields.fail()) << line;
  test::ByteGenerator next(seed);
  std::vector<float> planes(size_t{3} * width * height);
  for (float& value : planes) {
    const int high = next();
    value = static_cast<float>(high * 256 + next()) / 16384.0F - 2.0F;
  }
  std::vector<float> values(planes.size());  // channels last
  const size_t plane = planes.size() / 3;
  for (size_t i = 0; i < values.size(); ++i) values[i] = planes[i % 3 * plane + i / 3];
  EXPECT_EQ(fmt::format("{:016x}", test::fnv1a(to_image(values, width, height).pixels)), expected) << line;
}

TEST(Preprocess, EqualsTheReference) {
  std::ifstream file(JANUS_TEST_DATA "/vision/preprocess.txt");
  GoldenCounts counts;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string function;
    fields >> function;
    if (function == "preprocess") {
      check_preprocess(fields, line);
      ++counts.preprocess;
    } else {
      ASSERT_EQ(function, "to_image");
      check_to_image(fields, line);
      ++counts.to_image;
    }
  }
  EXPECT_EQ(counts.preprocess, 54);
  EXPECT_EQ(counts.to_image, 2);
}

// The geometry of the padding, by hand.
TEST(ResizeAndPad, PutsTheExtraPixelAtTheBottomOrRight) {
  PreprocessConfig config;
  config.image_size = 10;
  config.min_size = 3;
  config.background_color = {1, 2, 3};
  const Image image{10, 5, std::vector<uint8_t>(150, 200)};
  const Image wide = resize_and_pad(image, config);
  ASSERT_EQ(wide.pixels.size(), 300U);
  for (int y = 0; y < 10; ++y) {
    const std::vector<uint8_t> pixel(&wide.pixels[y * 30], &wide.pixels[y * 30] + 3);
    const bool inside = y >= 2 && y < 7;
    EXPECT_EQ(pixel, inside ? std::vector<uint8_t>({200, 200, 200}) : std::vector<uint8_t>({1, 2, 3})) << y;
  }
  // No resampling where the size already fits: noise comes through untouched.
  const Image tall = test::seeded_image(4, 10, 0, 9);
  const Image padded = resize_and_pad(tall, config);
  for (int y = 0; y < 10; ++y) {
    for (int i = 0; i < 12; ++i) EXPECT_EQ(padded.pixels[y * 30 + 9 + i], tall.pixels[y * 12 + i]);
  }
}

TEST(ResizeAndPad, KeepsAtLeastMinSize) {
  const Image line{1, 5000, std::vector<uint8_t>(15000, 10)};
  const Image square = resize_and_pad(line, {});
  EXPECT_EQ(square.width, 384);
  EXPECT_EQ(square.height, 384);
  int columns = 0;
  for (int x = 0; x < 384; ++x) columns += square.pixels[x * 3] == 10;
  EXPECT_EQ(columns, 14);
}

TEST(Preprocess, RefusesAnImpossibleConfig) {
  const Image image = test::seeded_image(4, 4, 0, 1);
  const auto refuses = [&](auto change) {
    PreprocessConfig config;
    change(config);
    EXPECT_THROW(preprocess(image, config), Error);
  };
  refuses([](PreprocessConfig& config) { config.image_size = 0; });
  refuses([](PreprocessConfig& config) { config.min_size = 385; });
  refuses([](PreprocessConfig& config) { config.image_mean = {0.5F}; });
  refuses([](PreprocessConfig& config) { config.image_std[1] = 0; });
  refuses([](PreprocessConfig& config) { config.background_color[2] = 256; });
  EXPECT_THROW(preprocess(Image{}, {}), Error);
}

TEST(ToImage, ClampsAndTruncates) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Image image = to_image(
      std::array{-1.0F, 7.0F, 0.999F, 1.0F, nan, -0.992F, 0.0F, infinity, 0.25F, -5.0F, -infinity, 1.0001F},
      2, 2);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{0, 255, 254, 255, 0, 1, 127, 255, 159, 0, 0, 255}));
  EXPECT_THROW(to_image(std::array{0.0F, 0.0F, 0.0F}, 2, 1), Error);
}

}  // namespace
}  // namespace janus
