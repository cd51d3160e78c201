// PNGs that are not quite right, and chunks that do not count.
#include <algorithm>

#include "tests/vision/image_files.h"

namespace janus {
namespace {

using test::big;
using test::decode_error;
using test::image_bytes;
using test::png_chunk;
using test::to_bytes;

const std::string kCases = JANUS_TEST_DATA "/vision/cases/";
constexpr size_t kHeaderEnd = 8 + 12 + 13, kEndBytes = 12;

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

DecodedImage decode(const std::string& file) { return decode_image(to_bytes(file), "a.png"); }

// The picture with chunks behind its header and behind its pixels.
std::string with_chunks(const std::string& png, const std::string& early, const std::string& late) {
  std::string file = png;
  file.insert(file.size() - kEndBytes, late);
  return file.insert(kHeaderEnd, early);
}

constexpr const char* kCutWarning = "picture a.png: the PNG is cut short behind its last pixel";

TEST(Png, WithoutItsEndIsReadWithAWarning) {
  for (const char* name : {"rgb.png", "grey16.png", "palette_alpha.png", "bits.png"}) {
    const std::string whole = as_text(image_bytes(name));
    const Image image = decode(whole).image;
    for (size_t missing = 1; missing <= kEndBytes; ++missing) {
      const DecodedImage decoded = decode(whole.substr(0, whole.size() - missing));
      EXPECT_EQ(decoded.image.pixels, image.pixels) << name << " " << missing;
      EXPECT_EQ(decoded.warning, kCutWarning) << name << " " << missing;
    }
    EXPECT_NE(decode_error(to_bytes(whole.substr(0, whole.size() - kEndBytes - 12))).find("cut short"),
              std::string::npos)
        << name;
  }
  const DecodedImage decoded = read_image(kCases + "png-without-IEND-all-pixels-there.png");
  EXPECT_NE(decoded.warning, "");
  EXPECT_EQ(decoded.image.width, 48);
  EXPECT_EQ(decoded.image.height, 32);
}

// The bytes behind the last pixel are checksums: zlib's of all rows, and that of the last chunk.
TEST(Png, CutInItsLastChecksumsIsReadWithAWarning) {
  if (JANUS_WITH_IMAGES == 0) GTEST_SKIP() << "stb_image refuses it";
  for (const char* name : {"rgb.png", "grey16.png", "palette_alpha.png", "bits.png"}) {
    const std::string whole = as_text(image_bytes(name));
    const Image image = decode(whole).image;
    for (size_t missing = kEndBytes + 1; missing <= kEndBytes + 4; ++missing) {
      const DecodedImage decoded = decode(whole.substr(0, whole.size() - missing));
      EXPECT_EQ(decoded.image.pixels, image.pixels) << name << " " << missing;
      EXPECT_EQ(decoded.warning, kCutWarning) << name << " " << missing;
    }
  }
}

TEST(Png, TransparentColourOfTheWrongLengthIsNone) {
  const std::string grey = as_text(image_bytes("grey.png")), rgb = as_text(image_bytes("rgb.png"));
  for (const size_t length : {0, 1, 3, 6, 8}) {
    EXPECT_EQ(decode(with_chunks(grey, png_chunk("tRNS", std::string(length, '\0')), "")).image.pixels,
              decode(grey).image.pixels)
        << length;
  }
  for (const size_t length : {2, 5, 7}) {
    EXPECT_EQ(decode(with_chunks(rgb, png_chunk("tRNS", std::string(length, '\0')), "")).image.pixels,
              decode(rgb).image.pixels)
        << length;
  }
  const DecodedImage decoded = read_image(kCases + "png-grey-tRNS-wrong-length.png");
  EXPECT_EQ(decoded.warning, "");
  std::string without = as_text(test::file_bytes(kCases + "png-grey-tRNS-wrong-length.png"));
  without.erase(kHeaderEnd, 12 + 6);
  EXPECT_EQ(decoded.image.pixels, decode(without).image.pixels);
  // The right length counts: black is white now.
  EXPECT_NE(decode(with_chunks(grey, png_chunk("tRNS", std::string(2, '\0')), "")).image.pixels,
            decode(grey).image.pixels);
}

// Gamma, profiles, text and animation frames, sound or not.
TEST(Png, ChunksBesideThePictureChangeNothing) {
  const std::string whole = as_text(image_bytes("rgb.png"));
  const std::vector<uint8_t> pixels = decode(whole).image.pixels;
  const std::string frame = big(0, 4) + big(13, 4) + big(9, 4) + big(0, 8) + big(1, 4) + std::string(2, '\0');
  const std::string early = png_chunk("gAMA", big(20000, 4)) + png_chunk("iCCP", "broken") +
                            png_chunk("iCCP", "again") + png_chunk("zTXt", "k") + png_chunk("sRGB", "\7") +
                            png_chunk("acTL", big(1, 4) + big(0, 4)) + png_chunk("fcTL", frame) +
                            png_chunk("xxXx", "private");
  const std::string late = png_chunk("fdAT", big(1, 4) + "not even compressed") + png_chunk("tIME", "soon");
  const DecodedImage decoded = decode(with_chunks(whole, early, late));
  EXPECT_EQ(decoded.image.pixels, pixels);
  EXPECT_EQ(decoded.warning, "");
  std::string damaged = png_chunk("gAMA", big(20000, 4));
  damaged.back() ^= 1;
  EXPECT_EQ(decode(with_chunks(whole, damaged, "")).image.pixels, pixels);
}

TEST(Png, OrientationCountsBehindThePixelsToo) {
  const std::string whole = as_text(image_bytes("rgb.png"));
  const std::string exif =
      png_chunk("eXIf", std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22) +
                            std::string(4, '\0'));
  for (const std::string& file : {with_chunks(whole, exif, ""), with_chunks(whole, "", exif)}) {
    EXPECT_EQ(decode(file).image.width, 9);
    EXPECT_EQ(read_image_size(to_bytes(file), "test").height, 13);
  }
}

TEST(Png, RefusesADamagedPictureAndApplesVariant) {
  const std::string whole = as_text(image_bytes("rgb.png"));
  std::string wrong_sum = whole;
  wrong_sum[wrong_sum.size() - kEndBytes - 1] ^= 1;
  EXPECT_NE(decode_error(to_bytes(wrong_sum)).find("wrong checksum"), std::string::npos);
  std::string apples = whole;
  apples.insert(8, png_chunk("CgBI", std::string("\x50\0\x20\x06", 4)));
  EXPECT_NE(decode_error(to_bytes(apples)).find("CgBI"), std::string::npos);
  EXPECT_NE(decode_error(to_bytes(whole.substr(0, 8) + png_chunk("tEXt", "k") + whole.substr(8)))
                .find("begins with its size"),
            std::string::npos);
}

}  // namespace
}  // namespace janus
