// HEIC, AVIF and JPEG XL (tests/reference/modern_picture_golden.py).
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/vision/image_files.h"

// Sanitised programs: libheif lets go of pictures that dav1d gave up on half-way.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d\nleak:libheif\n"; }

namespace janus {
namespace {

using test::decode_error;
using test::file_bytes;
using test::to_bytes;

const std::string kFolder = JANUS_TEST_DATA "/vision/modern/";

struct Case {
  std::string name, truth, tolerance;
};

std::vector<Case> cases() {
  std::vector<Case> list;
  std::ifstream file(kFolder + "expected.txt");
  for (Case one; file >> one.name >> one.truth >> one.tolerance;) list.push_back(one);
  return list;
}

int largest_difference(const Image& image, const Image& truth) {
  int largest = 0;
  for (size_t i = 0; i < truth.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(image.pixels[i] - truth.pixels[i]));
  }
  return largest;
}

TEST(ModernFormats, ShowTheirPicture) {
  if (!JANUS_WITH_HEIF) GTEST_SKIP() << "built without libheif and libjxl";
  int count = 0;
  for (const auto& [name, truth_name, tolerance] : cases()) {
    if (truth_name == "refused") continue;
    const DecodedImage decoded = read_image(kFolder + name);
    const Image truth = read_image(kFolder + truth_name + ".truth.png").image;
    EXPECT_EQ(decoded.warning, "") << name;
    ASSERT_EQ(decoded.image.width, truth.width) << name;
    ASSERT_EQ(decoded.image.height, truth.height) << name;
    EXPECT_LE(largest_difference(decoded.image, truth), std::stoi(tolerance)) << name;
    const ImageSize size = read_image_size(file_bytes(kFolder + name), name);
    EXPECT_EQ(size.width, truth.width) << name;
    EXPECT_EQ(size.height, truth.height) << name;
    ++count;
  }
  EXPECT_EQ(count, 65);
}

TEST(ModernFormats, AreRefusedWithTheReason) {
  if (!JANUS_WITH_HEIF) GTEST_SKIP() << "built without libheif and libjxl";
  for (auto [name, truth_name, words] : cases()) {
    if (truth_name != "refused") continue;
    std::replace(words.begin(), words.end(), '_', ' ');
    const std::string message = decode_error(file_bytes(kFolder + name));
    EXPECT_NE(message.find(words), std::string::npos) << name << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(ModernFormats, AreNamedWhereNothingReadsThem) {
  if (JANUS_WITH_HEIF) GTEST_SKIP() << "libheif and libjxl read them";
  for (const auto& [name, format] : {std::pair("rgb.heic", "HEIC"), std::pair("alpha.avif", "AVIF"),
                                     std::pair("rgb.jxl", "JPEG XL"), std::pair("boxes.jxl", "JPEG XL")}) {
    const std::string message = decode_error(file_bytes(kFolder + name));
    EXPECT_NE(message.find(std::string("which reads ") + format), std::string::npos) << message;
  }
}

// Of a file that ends early, one line says so; nobody hears the libraries.
TEST(ModernFormats, SayThatTheyAreCutShort) {
  if (!JANUS_WITH_HEIF) GTEST_SKIP() << "built without libheif and libjxl";
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  for (const auto& [name, format] : {std::pair("rgb.heic", "HEIC"), std::pair("phone.heic", "HEIC"),
                                     std::pair("alpha.avif", "AVIF"), std::pair("rgb.jxl", "JPEG XL"),
                                     std::pair("boxes.jxl", "JPEG XL"), std::pair("lossy.jxl", "JPEG XL")}) {
    const std::vector<std::byte> whole = file_bytes(kFolder + name);
    for (const size_t length : {whole.size() / 2, whole.size() * 3 / 4, whole.size() - 3}) {
      const std::string message = decode_error({whole.begin(), whole.begin() + static_cast<long>(length)});
      EXPECT_NE(message.find(std::string("expected a whole ") + format + ", found one cut short"),
                std::string::npos)
          << name << " " << length << ": " << message;
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

// Whatever the damage: an image, or an Error of one line; and not a word from the libraries.
TEST(ModernFormats, KeepStderrCleanOfDamage) {
  if (!JANUS_WITH_HEIF) GTEST_SKIP() << "built without libheif and libjxl";
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  for (const char* name :
       {"rgb.heic", "lossy420.heic", "alpha.avif", "deep10.avif", "rgb.jxl", "lossy.jxl"}) {
    const std::vector<std::byte> whole = file_bytes(kFolder + name);
    for (size_t start = whole.size() / 4; start < whole.size(); start += 11) {
      std::vector<std::byte> bytes = whole;
      for (size_t at = start; at < bytes.size(); at += 37) bytes[at] ^= std::byte{0x55};
      EXPECT_EQ(decode_error(bytes).find('\n'), std::string::npos);
    }
  }
  std::fputs("heard\n", stderr);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "heard\n");
}

TEST(ModernFormats, RefuseHugeSizesByTheHeader) {
  if (!JANUS_WITH_HEIF) GTEST_SKIP() << "built without libheif and libjxl";
  std::vector<std::byte> bytes = file_bytes(kFolder + "rgb.heic");
  const std::vector<std::byte> mark = to_bytes("ispe");
  const auto size = std::search(bytes.begin(), bytes.end(), mark.begin(), mark.end()) + 8;
  for (int i = 0; i < 8; ++i) size[i] = static_cast<std::byte>(i % 4 == 2 ? 0x75 : i % 4 == 3 ? 0x30 : 0);
  EXPECT_NE(decode_error(bytes).find("expected 1 to "), std::string::npos) << decode_error(bytes);
  size[1] = std::byte{1};
  EXPECT_NE(decode_error(bytes).find("within libheif's limits"), std::string::npos) << decode_error(bytes);
}

}  // namespace
}  // namespace janus
