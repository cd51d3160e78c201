// Sheets of images, their labels, and enlargements.
#include "vision/contact_sheet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"

namespace janus {
namespace {

Image plain(int width, int height, uint8_t grey) {
  return {.width = width,
          .height = height,
          .pixels = std::vector<uint8_t>(static_cast<size_t>(width) * height * 3, grey)};
}

int64_t count_of(const Image& image, uint8_t value) {
  return std::count(image.pixels.begin(), image.pixels.end(), value);
}

TEST(ContactSheet, HoldsEveryImageOnceAndItsLabel) {
  for (int count : {1, 2, 3, 4, 5, 10}) {
    ContactSheet sheet(count, 64, 64);
    EXPECT_EQ(sheet.image().pixels.size(),
              static_cast<size_t>(sheet.image().width) * sheet.image().height * 3);
    for (int place = 0; place < count; ++place) {
      sheet.put(place, plain(64, 64, static_cast<uint8_t>(100 + place)), "");
      // Enlarged by 3, so that a label fits under it.
      EXPECT_EQ(count_of(sheet.image(), static_cast<uint8_t>(100 + place)), 192 * 192 * 3) << place;
    }
    const int64_t black = count_of(sheet.image(), 0);
    sheet.put(count - 1, plain(64, 64, 100), "seed 42");
    EXPECT_GT(count_of(sheet.image(), 0), black);
  }
}

TEST(ContactSheet, LongLabelsStayUnderTheirImage) {
  ContactSheet sheet(2, 192, 192);
  sheet.put(0, plain(192, 192, 90), std::string(400, 'w') + " caf\xc3\xa9 " + std::string(900, 'x'));
  const Image& image = sheet.image();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 8 + 192; x < image.width; ++x) {
      ASSERT_EQ(image.pixels[(static_cast<size_t>(y) * image.width + x) * 3], 255) << x << ", " << y;
    }
  }
  EXPECT_EQ(count_of(image, 90), 192 * 192 * 3);
}

TEST(ContactSheet, TakesImagesOfOtherSizesAndManyOfThem) {
  ContactSheet sheet(ContactSheet::kMostImages, 384, 384);
  sheet.put(ContactSheet::kMostImages - 1, plain(384, 384, 90), "last");
  EXPECT_EQ(count_of(sheet.image(), 90), 64 * 64 * 3);
  sheet.put(0, plain(31, 77, 80), "");
  EXPECT_EQ(count_of(sheet.image(), 80), 64 * 64 * 3);
}

TEST(ContactSheet, TextIsCutAtTheImageEdge) {
  Image image = plain(20, 6, 255);
  draw_text(image, -3, -2, 1, "Wide text on a small picture");
  draw_text(image, 15, 3, 4, "x\n\xff");
  EXPECT_GT(count_of(image, 0), 0);
  EXPECT_EQ(text_width("ab", 2), 2 * text_width("ab", 1));
}

TEST(Enlarge, KeepsAPlainImageAndTheMeanOfAnyOrSaysThatItCannot) {
  if (!can_enlarge()) {
    EXPECT_THROW(enlarge_lanczos(plain(4, 4, 7), 2), Error);
    return;
  }
  const Image grey = enlarge_lanczos(plain(5, 3, 77), 3);
  EXPECT_EQ(grey.width, 15);
  EXPECT_EQ(grey.height, 9);
  EXPECT_EQ(count_of(grey, 77), 15 * 9 * 3);

  Image halves = plain(16, 16, 40);
  for (size_t i = halves.pixels.size() / 2; i < halves.pixels.size(); ++i) halves.pixels[i] = 200;
  const Image large = enlarge_lanczos(halves, 2);
  // Lanczos overshoots beside the edge, as nearest and linear do not, and is flat far from it.
  EXPECT_EQ(large.pixels[0], 40);
  EXPECT_EQ(large.pixels.back(), 200);
  EXPECT_GT(*std::max_element(large.pixels.begin(), large.pixels.end()), 201);
  EXPECT_LT(*std::min_element(large.pixels.begin(), large.pixels.end()), 39);
}

}  // namespace
}  // namespace janus
