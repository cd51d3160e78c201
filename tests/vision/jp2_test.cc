// JPEG 2000 beside what tests/reference/picture_golden.py makes.
#include "tests/vision/image_files.h"

namespace janus {
namespace {

using test::decode_error;
using test::image_bytes;

constexpr bool kJp2 = JANUS_WITH_JP2 != 0;

TEST(Jp2, RefusesWhatItDoesNotReadRight) {
  if (!kJp2) GTEST_SKIP() << "this build reads no JPEG 2000";
  // A codestream's header: marker, length, capabilities, then eight sizes, the channels and three bytes of
  // each.
  const std::vector<std::byte> whole = image_bytes("rgb.j2k");
  constexpr size_t kWidth = 8, kHeight = 12, kTileWidth = 24, kTileHeight = 28, kFirstChannel = 42;
  std::vector<std::byte> changed = whole;
  changed[kFirstChannel] = std::byte{30};
  EXPECT_NE(decode_error(changed).find("1 to 16 bits, found 31; convert it"), std::string::npos)
      << decode_error(changed);
  changed = whole;
  changed[kFirstChannel + 4] = changed[kFirstChannel + 5] = std::byte{2};
  EXPECT_NE(decode_error(changed).find("channels of one size"), std::string::npos) << decode_error(changed);
  changed = whole;
  for (const size_t at : {kWidth, kHeight, kTileWidth, kTileHeight}) changed[at + 1] = std::byte{0x7F};
  EXPECT_NE(decode_error(changed).find("expected 1 to "), std::string::npos) << decode_error(changed);
}

TEST(Jp2, TellsItsSizeByTheHeader) {
  if (!kJp2) GTEST_SKIP() << "this build reads no JPEG 2000";
  for (const char* name : {"rgb.jp2", "rgb.j2k"}) {
    const ImageSize size = read_image_size(image_bytes(name), "test");
    EXPECT_EQ(size.width, 13) << name;
    EXPECT_EQ(size.height, 9) << name;
  }
}

}  // namespace
}  // namespace janus
