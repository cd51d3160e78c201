// Text inside JPEG and WebP files: what comes back, what other programs write, and what would do harm.
#include "vision/formats/exif_text.h"

#include <random>

#include "tests/vision/image_files.h"
#include "tests/vision/seeded_image.h"
#include "vision/formats/text_blocks.h"

namespace janus {
namespace {

using namespace std::string_literals;

constexpr bool kLibraries = JANUS_WITH_IMAGES != 0;

const ImageText kText{
    {"parameters", "a caf\xC3\xA9, \xE5\x9B\xBE\xE7\x89\x87 \xF0\x9F\xA6\x8A\nSeed: 5, CFG scale: 5.0"},
    {"janus", "{\"prompt\": \"\xE5\x9B\xBE\"}"},
    {"other", ""}};

std::vector<ImageFormat> formats_with_exif() {
  return kLibraries ? std::vector{ImageFormat::jpeg, ImageFormat::webp} : std::vector{ImageFormat::jpeg};
}

std::string entry(uint16_t id, uint16_t type, size_t count, const std::string& value) {
  return test::big(id, 2) + test::big(type, 2) + test::big(count, 4) + value;
}

// A block as other programs write it, with a UserComment alone.
std::string block_with_comment(const std::string& comment) {
  return "MM\0\x2A\0\0\0\x08"s + test::big(1, 2) + entry(0x8769, 4, 1, test::big(26, 4)) + test::big(0, 4) +
         test::big(1, 2) + entry(0x9286, 7, comment.size(), test::big(44, 4)) + test::big(0, 4) + comment;
}

std::string parameters_of(const std::string& comment) {
  const ImageText text = read_exif_text(test::to_bytes(block_with_comment(comment)));
  return text.empty() ? "" : text.at("parameters");
}

TEST(ExifText, ComesBackAndLeavesThePixels) {
  for (const ImageFormat format : formats_with_exif()) {
    for (const auto& [width, height] : {std::pair(1, 1), std::pair(48, 41)}) {
      const Image image = test::seeded_image(width, height, 0, 2);
      const std::vector<std::byte> plain = encode_image(image, format);
      const std::vector<std::byte> bytes = encode_image(image, format, kText);
      EXPECT_EQ(read_image_text(bytes, "test"), kText);
      EXPECT_TRUE(read_image_text(plain, "test").empty());
      EXPECT_EQ(decode_image(bytes, "test").image.pixels, decode_image(plain, "test").image.pixels);
      EXPECT_EQ(decode_image(bytes, "test").warning, "");
    }
  }
}

TEST(ExifText, OfOneKindAloneComesBack) {
  for (const char* keyword : {"parameters", "janus"}) {
    const ImageText text{{keyword, "x"}};
    EXPECT_EQ(read_exif_text(exif_block(text)), text);
  }
  EXPECT_EQ(read_exif_text(exif_block({{"janus", "a\xFFz"}})), (ImageText{{"janus", "a\xEF\xBF\xBDz"}}));
}

TEST(ExifText, TooLongForAJpegIsLeftOutThoseForPeopleFirst) {
  const Image image = test::seeded_image(5, 4, 0, 2);
  const std::string half(40'000, 'x'), whole(70'000, 'x');
  const auto kept = [&](const ImageText& text, ImageFormat format) {
    return read_image_text(encode_image(image, format, text), "test");
  };
  const ImageText two{{"janus", half}, {"parameters", half}}, long_one{{"janus", whole}};
  EXPECT_EQ(kept(two, ImageFormat::jpeg), (ImageText{{"janus", half}}));
  EXPECT_TRUE(kept(long_one, ImageFormat::jpeg).empty());
  if (!kLibraries) return;
  EXPECT_EQ(kept(two, ImageFormat::webp), two);
  EXPECT_EQ(kept(long_one, ImageFormat::webp), long_one);
}

TEST(ExifText, ReadsCommentsOfOtherPrograms) {
  EXPECT_EQ(parameters_of("UNICODE\0\0a\0b"s), "ab");
  EXPECT_EQ(parameters_of("UNICODE\0a\0b\0"s), "ab") << "in the other order than the block";
  EXPECT_EQ(parameters_of("UNICODE\0\xFF\xFE\x16\x4E"s), "\xE4\xB8\x96");
  EXPECT_EQ(parameters_of("UNICODE\0\x4E\x16"s), "\xE4\xB8\x96");
  EXPECT_EQ(parameters_of("UNICODE\0\xD8\x3E\xDD\x8A\xD8\x3E"s), "\xF0\x9F\xA6\x8A\xEF\xBF\xBD")
      << "a whole pair and half of one";
  EXPECT_EQ(parameters_of("ASCII\0\0\0ab\0\0\0"s), "ab") << "padded";
  EXPECT_EQ(parameters_of("\0\0\0\0\0\0\0\0ab"s), "ab");
  EXPECT_EQ(parameters_of("JIS\0\0\0\0\0ab"s), "");
  EXPECT_EQ(parameters_of("UNICODE\0a"s), "") << "half of a unit";
  EXPECT_EQ(parameters_of("UNI"), "");
  EXPECT_EQ(parameters_of(""), "");
}

TEST(ExifText, PassesOverTheNotesOfCameras) {
  const std::string note = "Nikon\0\x02\x10\0\0MM\0\x2A"s;
  const std::string block = "MM\0\x2A\0\0\0\x08"s + test::big(1, 2) + entry(0x8769, 4, 1, test::big(26, 4)) +
                            test::big(0, 4) + test::big(1, 2) +
                            entry(0x927C, 7, note.size(), test::big(44, 4)) + test::big(0, 4) + note;
  EXPECT_TRUE(read_exif_text(test::to_bytes(block)).empty());
}

// Pointers, counts and sizes that lead out of the block, or round in it: nothing is read, and nothing takes
// long. The fuzz test of whole files (image_fuzz_test.cc) reads the text of each of them, too.
TEST(ExifText, BearsAnyBytes) {
  const std::vector<std::byte> good = exif_block(kText);
  std::mt19937 random(7);
  for (size_t length = 0; length <= good.size(); ++length) read_exif_text(std::span(good).first(length));
  size_t changed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = good;
    for (int k = 0; k < 3; ++k) {
      const size_t at = round % 2 == 0 ? random() % 70 : random() % bytes.size();  // the directories, or any
      bytes[at] = static_cast<std::byte>(k == 0 ? 0xFF : random());
    }
    changed += read_exif_text(bytes) != kText ? 1 : 0;
  }
  EXPECT_GT(changed, 10'000U);
  const std::string round = "MM\0\x2A\0\0\0\x08"s + test::big(1, 2) + entry(0x8769, 4, 1, test::big(8, 4));
  EXPECT_TRUE(read_exif_text(test::to_bytes(round)).empty());
}

TEST(ExifText, StandsBehindChunksOfOddSizesToo) {
  const std::vector<std::byte> block = exif_block(kText);
  std::string file = "RIFF" + std::string(4, '\0') + "WEBP" + "ABCD" + test::little(3, 4) + "xyz" + '\0' +
                     "EXIF" + test::little(block.size(), 4);
  file.append(reinterpret_cast<const char*>(block.data()), block.size());
  EXPECT_EQ(read_webp_text(test::to_bytes(file)), kText);
}

TEST(ExifText, BearsAnyChunksAndSegments) {
  for (const uint32_t size : {0U, 1U, 7U, 0x7FFFFFFFU, 0xFFFFFFFEU, 0xFFFFFFFFU}) {
    const std::string head = "RIFF" + test::little(size, 4) + "WEBP";
    for (const char* name : {"EXIF", "VP8X", "ABCD"}) {
      for (const std::string& rest : {std::string(), std::string(100, '\0'), std::string(40'000, 'E')}) {
        EXPECT_TRUE(read_webp_text(test::to_bytes(head + name + test::little(size, 4) + rest)).empty());
      }
    }
  }
  for (const std::string& segment : {"\xFF\xE1"s, "\xFF\xE1\xFF\xFF"s + "Exif\0\0"s,
                                     "\xFF\xE1\0\0"s + "Exif\0\0MM"s, "\xFF\xE1\0\x08"s + "Exif\0\0"s}) {
    EXPECT_TRUE(read_jpeg_text(test::to_bytes("\xFF\xD8" + segment)).empty());
  }
}

TEST(EncodeImage, QualityCountsAndAWholeWebpKeepsEveryPixel) {
  const Image image = test::seeded_image(48, 41, 0, 8);
  for (const ImageFormat format : formats_with_exif()) {
    EXPECT_LT(encode_image(image, format, {}, 10).size(), encode_image(image, format, {}, 95).size());
    EXPECT_EQ(encode_image(image, format, {}, kUsualQuality), encode_image(image, format));
    for (const int quality : {-1, 0, 101}) EXPECT_THROW(encode_image(image, format, {}, quality), Error);
  }
  if (!kLibraries) return;
  EXPECT_EQ(decode_image(encode_image(image, ImageFormat::webp, kText, 100), "test").image.pixels,
            image.pixels);
  EXPECT_EQ(read_image_text(encode_image(image, ImageFormat::webp, kText, 100), "test"), kText);
}

}  // namespace
}  // namespace janus
