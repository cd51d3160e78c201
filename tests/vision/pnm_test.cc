// Netpbm's formats, written by hand.
#include "tests/vision/image_files.h"

namespace janus {
namespace {

using Bytes = std::vector<uint8_t>;

Image decode(const std::string& file) { return decode_image(test::to_bytes(file), "a.pnm").image; }
std::string error_of(const std::string& file) { return test::decode_error(test::to_bytes(file)); }

// Three bytes for each.
Bytes greys(const Bytes& values) {
  Bytes pixels;
  for (const uint8_t value : values) pixels.insert(pixels.end(), 3, value);
  return pixels;
}

TEST(Pnm, BitsAreBlackWhereSet) {
  EXPECT_EQ(decode("P1\n3 2\n101\n0 1 0").pixels, greys({0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(decode("P1 # bits\n# of two rows\n3 2 101010").pixels, greys({0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(decode("P4\n3 2\n\xA0\x40").pixels, greys({0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(decode("P4 9 1 \x01\x80").pixels, greys({255, 255, 255, 255, 255, 255, 255, 0, 0}));
}

TEST(Pnm, TheLargestValueIsWhite) {
  EXPECT_EQ(decode("P2 3 1 2 0 1 2").pixels, greys({0, 128, 255}));
  EXPECT_EQ(decode(std::string("P5 3 1 15 \0\x05\x0F", 13)).pixels, greys({0, 85, 255}));
  EXPECT_EQ(decode("P2 3 1 1023 0 512 1023").pixels, greys({0, 128, 255}));
  EXPECT_EQ(decode(std::string("P5 2 1 65535 \x12\xFF\xFF\0", 17)).pixels, greys({0x12, 0xFF}));
  EXPECT_EQ(decode("P3 2 1 5 5 0 1 0 5 2").pixels, (Bytes{255, 0, 51, 0, 255, 102}));
  EXPECT_EQ(decode("P6 1 1 255\n\n\t ").pixels, (Bytes{'\n', '\t', ' '}));
}

TEST(Pnm, NamedFieldsTellChannels) {
  const std::string size = "P7\nWIDTH 2\nHEIGHT 1\n";
  EXPECT_EQ(
      decode(size + "DEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n" + std::string("\0\1", 2)).pixels,
      greys({0, 255}));
  EXPECT_EQ(decode(size + "# of colours\nDEPTH 3\nMAXVAL 255\nENDHDR\nabcdef").pixels,
            (Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(decode(size + "DEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n" +
                   std::string("\x10\xFF\x10\0", 4))
                .pixels,
            greys({0x10, 255}));
  for (const char* kind : {"TUPLTYPE\n", "TUPLTYPE of my own\n"}) {
    EXPECT_EQ(decode(size + "DEPTH 1\nMAXVAL 255\n" + kind + "ENDHDR\nab").pixels, greys({'a', 'b'})) << kind;
  }
  EXPECT_NE(
      error_of(size + "DEPTH 7\nMAXVAL 255\nENDHDR\n" + std::string(14, '\0')).find("found 7; convert it"),
      std::string::npos);
}

TEST(Pnm, RefusesWhatDoesNotFit) {
  EXPECT_NE(error_of("P5 4 4 255\nabc").find("cut short"), std::string::npos);
  EXPECT_NE(error_of("P2 2 2 255 1 2 3").find("cut short"), std::string::npos);
  EXPECT_NE(error_of("P1 2 2 101").find("cut short"), std::string::npos);
  EXPECT_NE(error_of("P6 30000 30000 255\nabc").find("expected 1 to "), std::string::npos);
  EXPECT_NE(error_of("P3 16000 16000 255 1 2 3").find("cut short"), std::string::npos);
  EXPECT_NE(error_of("P2 1 1 7 8").find("above 7, found 8"), std::string::npos);
  EXPECT_NE(error_of("P5 1 1 99999 ab").find("largest value"), std::string::npos);
  EXPECT_NE(error_of("P2 1 1 255 x").find("damaged"), std::string::npos);
  EXPECT_NE(error_of("P1 is the first of the plain formats").find("found text"), std::string::npos);
}

}  // namespace
}  // namespace janus
