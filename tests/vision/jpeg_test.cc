// Kinds of JPEG beside those that tests/reference/picture_golden.py makes.
#include <algorithm>
#include <cstdlib>

#include "tests/vision/image_files.h"

namespace janus {
namespace {

using test::decode_error;
using test::image_bytes;

const std::string kCases = JANUS_TEST_DATA "/vision/cases/";

int largest_difference(const Image& image, const Image& other) {
  if (image.width != other.width || image.height != other.height) return 256;
  int largest = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(image.pixels[i] - other.pixels[i]));
  }
  return largest;
}

// Where the marker's segment begins.
size_t find_marker(const std::vector<std::byte>& bytes, uint8_t marker) {
  for (size_t at = 2; at + 1 < bytes.size(); ++at) {
    if (bytes[at] == std::byte{0xFF} && bytes[at + 1] == std::byte{marker}) return at;
  }
  ADD_FAILURE() << "no marker " << int{marker};
  return 0;
}

constexpr uint8_t kFrame = 0xC0, kScan = 0xDA;

TEST(Jpeg, ReadsInksWithoutAdobesMarkerAsBrowsersDo) {
  const DecodedImage decoded = read_image(kCases + "jpeg-cmyk-without-adobe-marker.jpg");
  EXPECT_EQ(decoded.warning, "");
  // What was drawn, before the loss.
  const Image drawn = read_image(kCases + "jpeg-cmyk-without-adobe-marker.truth.png").image;
  EXPECT_LE(largest_difference(decoded.image, drawn), 6);
  EXPECT_EQ(largest_difference(decode_image(image_bytes("cmyk_unmarked.jpg"), "test").image,
                               decode_image(image_bytes("cmyk.jpg"), "test").image),
            0);
}

TEST(Jpeg, RefusesByNameWhatNoDecoderReads) {
  const std::vector<std::byte> whole = image_bytes("rgb.jpg");
  const size_t frame = find_marker(whole, kFrame);
  std::vector<std::byte> changed = whole;
  changed[frame + 1] = std::byte{0xC3};
  EXPECT_NE(decode_error(changed).find("found a lossless one; convert it"), std::string::npos);
  changed[frame + 1] = std::byte{0xC5};
  EXPECT_NE(decode_error(changed).find("found a hierarchical one; convert it"), std::string::npos);
  changed = whole;
  changed[frame + 4] = std::byte{12};
  EXPECT_NE(decode_error(changed).find("expected a JPEG of 8 bits, found 12 bits; convert it"),
            std::string::npos);
  changed = whole;
  changed[frame + 9] = std::byte{2};
  EXPECT_NE(decode_error(changed).find("1, 3 or 4 channels, found 2; convert it"), std::string::npos);
}

// What stands behind the end, as in files of several pictures (.mpo), and between segments changes nothing.
TEST(Jpeg, PassesOverWhatIsNotThePicture) {
  const std::vector<std::byte> whole = image_bytes("rgb.jpg");
  const Image image = decode_image(whole, "test").image;
  std::vector<std::byte> longer = whole;
  longer.insert(longer.end(), whole.begin(), whole.end());
  const DecodedImage first = decode_image(longer, "test");
  EXPECT_EQ(first.image.pixels, image.pixels);
  EXPECT_EQ(first.warning, "");
  std::vector<std::byte> padded = whole;
  padded.insert(padded.begin() + static_cast<std::ptrdiff_t>(find_marker(whole, kScan)), 5, std::byte{0xFF});
  EXPECT_EQ(decode_image(padded, "test").image.pixels, image.pixels);
}

// Three components without JFIF's or Adobe's marker are YCbCr unless their names spell RGB.
TEST(Jpeg, TellsColoursByTheNamesOfComponents) {
  std::vector<std::byte> bytes = image_bytes("rgb444.jpg");
  const size_t app0 = find_marker(bytes, 0xE0);
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(app0),
              bytes.begin() + static_cast<std::ptrdiff_t>(app0) + 18);
  const Image image = decode_image(image_bytes("rgb444.jpg"), "test").image;
  EXPECT_EQ(decode_image(bytes, "test").image.pixels, image.pixels);
  const size_t frame = find_marker(bytes, kFrame), scan = find_marker(bytes, kScan);
  for (size_t i = 0; i < 3; ++i) {
    const auto name = static_cast<std::byte>("RGB"[i]);
    bytes[frame + 10 + 3 * i] = name;
    bytes[scan + 5 + 2 * i] = name;
  }
  EXPECT_GT(largest_difference(decode_image(bytes, "test").image, image), 50);
}

TEST(Jpeg, WarnsOfDamagedPixels) {
  if (JANUS_WITH_IMAGES == 0) GTEST_SKIP() << "stb_image does not tell";
  std::vector<std::byte> bytes = image_bytes("rgb.jpg");
  const size_t scan = find_marker(bytes, kScan);
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(scan) + 40, bytes.end() - 2);
  const DecodedImage decoded = decode_image(bytes, "a.jpg");
  EXPECT_EQ(decoded.warning, "picture a.jpg: the JPEG is damaged; what does not decode is filled");
  EXPECT_EQ(decoded.image.width, 13);
}

TEST(Jpeg, ReadsTheSizeAndOrientationWithoutPixels) {
  const std::vector<std::byte> bytes = image_bytes("orientation6.jpg");
  const ImageSize size = read_image_size(bytes, "test");
  EXPECT_EQ(size.width, 9);
  EXPECT_EQ(size.height, 13);
  // Nothing behind the header of the scan but a byte.
  const size_t scan = find_marker(bytes, kScan);
  EXPECT_EQ(read_image_size(std::span(bytes).first(scan + 2 + 12 + 1), "test").width, 9);
  EXPECT_THROW(read_image_size(std::span(bytes).first(scan), "test"), Error);
}

}  // namespace
}  // namespace janus
