// What a WebP holds beside its pixels, and what is missing from one.
#include "tests/vision/image_files.h"

namespace janus {
namespace {

using test::decode_error;
using test::image_bytes;

constexpr bool kWebp = JANUS_WITH_IMAGES != 0;

TEST(Webp, WhatAFrameDoesNotCoverIsWhite) {
  if (!kWebp) GTEST_SKIP() << "this build reads no WebP";
  const Image image = decode_image(image_bytes("animation_part.webp"), "test").image;
  ASSERT_EQ(image.width, 13);
  EXPECT_EQ(image.pixels[0], 255);
  EXPECT_NE(image.pixels[(4 * 13 + 6) * 3], 255);
}

TEST(Webp, PassesOverWhatStandsBehindIt) {
  if (!kWebp) GTEST_SKIP() << "this build reads no WebP";
  std::vector<std::byte> bytes = image_bytes("lossy.webp");
  const std::vector<uint8_t> pixels = decode_image(bytes, "test").image.pixels;
  bytes.insert(bytes.end(), 100, std::byte{7});
  EXPECT_EQ(decode_image(bytes, "test").image.pixels, pixels);
}

TEST(Webp, NamesWhatIsWrong) {
  if (!kWebp) GTEST_SKIP() << "this build reads no WebP";
  EXPECT_NE(decode_error(test::to_bytes(test::webp_of_size(5, 5))).find("WebP"), std::string::npos);
  std::vector<std::byte> bytes = image_bytes("lossless.webp");
  EXPECT_NE(decode_error({bytes.begin(), bytes.end() - 10}).find("cut short"), std::string::npos);
  for (size_t at = 30; at < bytes.size(); ++at) bytes[at] = std::byte{0xFF};
  EXPECT_NE(decode_error(bytes).find("damaged"), std::string::npos) << decode_error(bytes);
}

}  // namespace
}  // namespace janus
