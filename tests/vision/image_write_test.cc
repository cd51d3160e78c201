// Encoding, and the text inside PNG files.
#include <cmath>
#include <cstdlib>

#include "tests/vision/image_files.h"
#include "tests/vision/seeded_image.h"

namespace janus {
namespace {

constexpr bool kLibraries = JANUS_WITH_IMAGES != 0;

TEST(EncodeImage, PngHoldsThePixels) {
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(37, 21), std::pair(300, 2)}) {
    for (int kind = 0; kind < 3; ++kind) {
      const Image image = test::seeded_image(width, height, kind, 8);
      const std::vector<std::byte> png = encode_image(image, ImageFormat::png);
      EXPECT_EQ(decode_image(png, "test").image.pixels, image.pixels);
      EXPECT_EQ(encode_image(image, ImageFormat::png), png);
    }
  }
}

// Slow change survives quality 95 nearly unharmed; a swapped channel or a shifted row would not pass.
TEST(EncodeImage, LossyFormatsComeClose) {
  Image image{48, 40, {}};
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 48; ++x) {
      for (const int value : {x * 5, y * 6, 255 - x * 2 - y * 3})
        image.pixels.push_back(static_cast<uint8_t>(value));
    }
  }
  std::vector<ImageFormat> formats{ImageFormat::jpeg};
  if (kLibraries) formats.push_back(ImageFormat::webp);
  for (const ImageFormat format : formats) {
    const std::vector<std::byte> encoded = encode_image(image, format);
    EXPECT_EQ(encode_image(image, format), encoded);
    const Image back = decode_image(encoded, "test").image;
    ASSERT_EQ(back.pixels.size(), image.pixels.size());
    double sum = 0;
    for (size_t i = 0; i < back.pixels.size(); ++i) sum += std::abs(back.pixels[i] - image.pixels[i]);
    EXPECT_LT(sum / static_cast<double>(back.pixels.size()), 3.0);
  }
}

TEST(EncodeImage, RefusesWhatItCannotHold) {
  EXPECT_THROW(encode_image(Image{}, ImageFormat::png), Error);
  EXPECT_THROW(encode_image(Image{2, 2, std::vector<uint8_t>(11)}, ImageFormat::png), Error);
  const Image wide{70000, 1, std::vector<uint8_t>(210000)};
  EXPECT_THROW(encode_image(wide, ImageFormat::jpeg), Error);
  EXPECT_THROW(encode_image(wide, ImageFormat::webp), Error);
  EXPECT_THROW(encode_image(Image{1, 1, {1, 2, 3}}, static_cast<ImageFormat>(99)), Error);
}

TEST(ImageFormatOf, GoesByTheExtensionInAnyCase) {
  EXPECT_EQ(image_format_of("out.png"), ImageFormat::png);
  EXPECT_EQ(image_format_of("a.b/OUT.JPG"), ImageFormat::jpeg);
  EXPECT_EQ(image_format_of("x.Jpeg"), ImageFormat::jpeg);
  EXPECT_EQ(image_format_of("x.webp").has_value(), kLibraries);
  for (const char* path : {"out", "out.", "png", ".png", "out.gif", "out.png.txt", "dir.png/out", ""}) {
    EXPECT_FALSE(image_format_of(path).has_value()) << path;
  }
  EXPECT_EQ(writable_extensions(), kLibraries ? ".png, .jpg, .jpeg, .webp" : ".png, .jpg, .jpeg");
}

TEST(PngText, ComesBack) {
  const Image image = test::seeded_image(5, 4, 0, 2);
  const ImageText text{{"prompt", "a red circle\non white"},
                       {"latin",
                        "Gr\xC3\xBC\xC3\x9F"
                        "e"},
                       {"wide", "\xE7\x8C\xAB and \xF0\x9F\x90\x88"},
                       {"control", "tab\there"},
                       {"empty", ""}};
  const std::vector<std::byte> png = encode_image(image, ImageFormat::png, text);
  EXPECT_EQ(read_image_text(png, "test"), text);
  EXPECT_EQ(decode_image(png, "test").image.pixels, image.pixels);
  EXPECT_TRUE(read_image_text(encode_image(image, ImageFormat::png), "test").empty());
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(PngText, StandsBehindTheHeaderInThePlainestChunk) {
  const Image image = test::seeded_image(5, 4, 0, 2);
  const std::string png =
      as_text(encode_image(image, ImageFormat::png, {{"a", "\xC3\xBC"}, {"b", "\xE7\x8C\xAB"}}));
  const std::string zero(1, '\0');
  EXPECT_EQ(png.find(test::png_chunk("tEXt", "a" + zero + "\xFC")), 33U);
  EXPECT_NE(png.find(test::png_chunk("iTXt", "b" + std::string(5, '\0') + "\xE7\x8C\xAB")),
            std::string::npos);
}

TEST(PngText, MendsBrokenUtf8) {
  const Image image = test::seeded_image(1, 1, 0, 2);
  const ImageText broken{{"k",
                          "a\xFF"
                          "b\xE7\x8C"},
                         {"overlong", "\xC0\x80"},
                         {"surrogate", "\xED\xA0\x80"}};
  const std::string mark = "\xEF\xBF\xBD";
  const ImageText expected{
      {"k", "a" + mark + "b" + mark + mark}, {"overlong", mark + mark}, {"surrogate", mark + mark + mark}};
  EXPECT_EQ(read_image_text(encode_image(image, ImageFormat::png, broken), "test"), expected);
}

TEST(PngText, RefusesWhatAPngCannotHold) {
  const Image image = test::seeded_image(1, 1, 0, 2);
  for (const std::string& keyword :
       {std::string(), std::string(80, 'k'), std::string("new\nline"), std::string(" a")}) {
    EXPECT_THROW(encode_image(image, ImageFormat::png, {{keyword, "text"}}), Error);
  }
  EXPECT_THROW(encode_image(image, ImageFormat::png, {{"k", std::string("a\0b", 3)}}), Error);
}

// Compressed text is left out, the first of two chunks with one keyword counts, malformed ones are passed
// over.
TEST(PngText, ReadsForeignChunks) {
  const std::string zero(1, '\0');
  const std::string translated = "k" + zero + zero + zero + "de" + zero + "Wort" + zero + "translated";
  const std::string compressed = "c" + zero + "\x01" + zero + zero + zero + "xyz";
  const std::string file =
      std::string(kPngSignature) + test::png_chunk("IHDR", std::string(13, '\0')) +
      test::png_chunk("tEXt", "t" + zero + "first") + test::png_chunk("tEXt", "t" + zero + "second") +
      test::png_chunk("tEXt", "no separator") + test::png_chunk("zTXt", "z" + zero + zero + "xyz") +
      test::png_chunk("iTXt", compressed) + test::png_chunk("iTXt", "short" + zero) +
      test::png_chunk("iTXt", translated) + test::png_chunk("IEND", "");
  EXPECT_EQ(read_image_text(test::to_bytes(file), "test"), (ImageText{{"t", "first"}, {"k", "translated"}}));
}

TEST(PngText, NoticesTornFiles) {
  const Image image = test::seeded_image(5, 4, 0, 2);
  std::vector<std::byte> png = encode_image(image, ImageFormat::png, {{"prompt", "a red circle"}});
  for (size_t length = 0; length < png.size(); ++length) {
    EXPECT_THROW(read_image_text(std::span(png).first(length), "test"), Error) << length;
  }
  png[45] ^= std::byte{1};
  EXPECT_THROW(read_image_text(png, "test"), Error);
  EXPECT_THROW(read_image_text(test::to_bytes("text"), "test"), Error);
}

}  // namespace
}  // namespace janus
