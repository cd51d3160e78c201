// TIFF and BMP of many kinds, against the pixels that they were made of (tests/reference/tiff_bmp_golden.py).
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/vision/image_files.h"

namespace janus {
namespace {

const std::string kFolder = JANUS_TEST_DATA "/vision/tiff_bmp/";
const std::string kCases = JANUS_TEST_DATA "/vision/cases/";

// Without libtiff each TIFF is refused, and BMP is read all the same.
bool readable(const std::string& name) { return JANUS_WITH_IMAGES != 0 || name.ends_with(".bmp"); }

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if ((name.ends_with(".bmp") || name.ends_with(".tif")) && readable(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

int largest_difference(const Image& image, const Image& expected) {
  if (image.width != expected.width || image.height != expected.height) return 256;
  int largest = 0;
  for (size_t i = 0; i < expected.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(image.pixels[i] - expected.pixels[i]));
  }
  return largest;
}

TEST(TiffAndBmp, HaveTheirPixels) {
  std::ifstream list(kFolder + "expected.txt");
  int count = 0;
  for (std::string line; std::getline(list, line); ++count) {
    std::istringstream fields(line);
    std::string name, truth;
    int tolerance = 0;
    fields >> name >> truth >> tolerance;
    ASSERT_FALSE(fields.fail()) << line;
    if (!readable(name)) continue;
    const DecodedImage decoded = read_image(kFolder + name);
    EXPECT_EQ(decoded.warning, "") << name;
    EXPECT_LE(largest_difference(decoded.image, read_image(kFolder + truth).image), tolerance) << name;
  }
  EXPECT_EQ(count, 211);
}

TEST(TiffAndBmp, OfOtherProgramsHaveTheirPixels) {
  int count = 0;
  for (const std::string& name : files_in(kCases)) {
    const std::filesystem::path truth = std::filesystem::path(kCases + name).replace_extension(".truth.png");
    if (!std::filesystem::exists(truth)) continue;
    EXPECT_EQ(largest_difference(read_image(kCases + name).image, read_image(truth).image), 0) << name;
    ++count;
  }
  EXPECT_EQ(count, JANUS_WITH_IMAGES != 0 ? 14 : 6);
}

TEST(TiffAndBmp, OfUnclearMeaningAreRefused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"refused_int16.tif", "found signed ones of 16 bits; convert it to 8 bits"},
      {"refused_int8.tif", "found signed ones of 8 bits"},
      {"refused_float16.tif", "found floating point ones of 16 bits"},
      {"refused_lab.tif", "found Lab colours (photometric interpretation 8); convert it to RGB"},
      {"refused_mask.tif", "found a transparency mask"},
      {"refused_sensor.tif", "found a raw photo"},
      {"refused_inks.tif", "expected a TIFF of the inks CMYK, found others"},
      {"refused_cmyk_multiplied.tif", "found it multiplied into another kind"},
      {"refused_four_without_photometric.tif", "expected a TIFF that says what its 4 samples a pixel mean"},
      {"refused_compression.tif", "found number 34712"},
      {"refused_palette_missing.tif", "expected a palette in its TIFF, found none"},
      {"refused_index.bmp", "expected indices into its palette of 4 colours, found 4"},
      {"refused_start_in_header.bmp",
       "expected a BMP's pixels behind its 54 bytes of headers, found them at 20"},
      {"refused_header13.bmp", "expected a BMP header of 12, 16 or more bytes, found 13"},
      {"refused_huffman.bmp", "found 1 bits with compression 3"},
      {"refused_jpeg.bmp", "found 0 bits with compression 4; convert it to PNG"},
      {"refused_png.bmp", "found 0 bits with compression 5"},
      {"refused_64_bits.bmp", "found 64 bits with compression 0"},
      {"refused_no_masks.bmp", "expected the masks of its channels, found none"},
      {"refused_torn_mask.bmp", "found 0xf0f0"},
      {"refused_shared_masks.bmp", "expected masks that share no bits, found 0xf0000 twice"},
      {"refused_wide_mask.bmp",
       "expected channel masks of neighbouring bits in 16-bit pixels, found 0xff0000"}};
  size_t refused = 0;
  for (const std::string& name : files_in(kFolder)) refused += name.starts_with("refused_");
  size_t tried = 0;
  for (const auto& [name, found] : cases) {
    if (!readable(name)) continue;
    const std::string message = test::decode_error(test::file_bytes(kFolder + name));
    EXPECT_NE(message.find(found), std::string::npos) << name << ": " << message;
    ++tried;
  }
  EXPECT_EQ(tried, refused);
}

TEST(TiffAndBmp, WithoutLibtiffATiffIsRefusedByName) {
  if (JANUS_WITH_IMAGES != 0) GTEST_SKIP() << "this build has libtiff";
  const std::string message = test::decode_error(test::file_bytes(kFolder + "rgb8_tiles.tif"));
  EXPECT_NE(message.find("TIFF"), std::string::npos) << message;
}

// A file cut anywhere is an error, or an image with a warning, or has lost nothing.
TEST(TiffAndBmp, CutFilesShow) {
  for (const std::string& name : files_in(kFolder)) {
    if (name.starts_with("refused_")) continue;
    const std::vector<std::byte> whole = test::file_bytes(kFolder + name);
    const Image expected = decode_image(whole, name).image;
    const size_t step = 1 + whole.size() / 40;
    for (size_t length = whole.size() - 1; length > step; length -= step) {
      try {
        const DecodedImage decoded = decode_image(std::span(whole).first(length), name);
        EXPECT_TRUE(!decoded.warning.empty() || decoded.image.pixels == expected.pixels)
            << name << " " << length;
      } catch (const Error& error) {
        EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
      }
    }
  }
}

TEST(TiffAndBmp, TheMissingPartOfABmpIsWhite) {
  const std::vector<std::byte> whole = test::file_bytes(kFolder + "rgb24_header52.bmp");
  const Image expected = decode_image(whole, "whole").image;
  constexpr size_t kRow = 37 * 3;
  const size_t rows_cut = 4;
  const DecodedImage decoded =
      decode_image(std::span(whole).first(whole.size() - rows_cut * (kRow + 1)), "half.bmp");
  EXPECT_EQ(decoded.warning, "picture half.bmp: the BMP is cut short; the part that is missing is blank");
  for (size_t i = 0; i < expected.pixels.size(); ++i) {
    ASSERT_EQ(decoded.image.pixels[i], i < rows_cut * kRow ? 255 : expected.pixels[i]) << i;
  }
  const std::string message = test::decode_error({whole.begin(), whole.begin() + 14 + 52 + kRow - 1});
  EXPECT_NE(message.find("found one cut short"), std::string::npos) << message;
}

TEST(TiffAndBmp, CutRunsAreToldOf) {
  const std::vector<std::byte> whole = test::file_bytes(kFolder + "runs8_literal.bmp");
  EXPECT_EQ(decode_image(std::span(whole).first(whole.size() - 40), "half.bmp").warning,
            "picture half.bmp: the BMP is cut short; the part that is missing is blank");
}

// Codecs that go on after damage say so to libtiff alone.
TEST(TiffAndBmp, DamagedFaxIsToldOf) {
  if (!readable("group3.tif")) GTEST_SKIP() << "this build has no libtiff";
  std::vector<std::byte> bytes = test::file_bytes(kFolder + "group3.tif");
  int told = 0;
  for (size_t at = 8; at < bytes.size(); ++at) {
    bytes[at] ^= std::byte{0x3C};
    try {
      const DecodedImage decoded = decode_image(bytes, "fax.tif");
      told += decoded.warning.starts_with("picture fax.tif: parts of the TIFF are damaged (");
    } catch (const Error&) {
    }
    bytes[at] ^= std::byte{0x3C};
  }
  EXPECT_GT(told, 20);
}

TEST(TiffAndBmp, HugePiecesAreRefused) {
  if (!readable("x.tif")) GTEST_SKIP() << "this build has no libtiff";
  // Tiles of 65,520 x 65,520 for an image of 8 x 8.
  const std::vector<std::pair<int, uint32_t>> tags{{256, 8}, {257, 8},  {258, 8},     {259, 8},
                                                   {262, 1}, {277, 1},  {322, 65520}, {323, 65520},
                                                   {324, 8}, {325, 100}};
  std::string entries;
  for (const auto& [tag, value] : tags) {
    entries += test::little(tag, 2) + test::little(4, 2) + test::little(1, 4) + test::little(value, 4);
  }
  const std::string file = "II*" + std::string(1, '\0') + test::little(8, 4) + test::little(tags.size(), 2) +
                           entries + test::little(0, 4);
  const std::string message = test::decode_error(test::to_bytes(file));
  EXPECT_NE(message.find("expected a TIFF of strips or tiles of at most"), std::string::npos) << message;
}

// Pixels and messages of whole, cut and damaged files, and nothing printed.
std::string outcome_of(const std::vector<std::byte>& bytes) {
  try {
    const DecodedImage decoded = decode_image(bytes, "test");
    return {decoded.image.pixels.begin(), decoded.image.pixels.end()};
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(TiffAndBmp, AnswersDoNotDependOnWhatMemoryHeld) {
  ::testing::internal::CaptureStderr();
  for (const std::string& name : files_in(kFolder)) {
    const std::vector<std::byte> whole = test::file_bytes(kFolder + name);
    for (size_t round = 0; round < 6; ++round) {
      std::vector<std::byte> bytes = whole;
      if (round > 0) bytes[whole.size() * round / 6] ^= std::byte{0x41};
      if (round % 2 == 1) bytes.resize(bytes.size() - round);
      mallopt(M_PERTURB, 0x11);
      const std::string once = outcome_of(bytes);
      mallopt(M_PERTURB, 0xEE);
      EXPECT_TRUE(outcome_of(bytes) == once) << name << " " << round;
      mallopt(M_PERTURB, 0);
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace janus
