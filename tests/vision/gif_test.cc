// GIF files of every shape: what is drawn, and white where nothing is.
#include <sys/resource.h>

#include <numeric>

#include "tests/vision/image_files.h"

namespace janus {
namespace {

using test::decode_error;
using test::little;
using test::to_bytes;

const std::string kCases = JANUS_TEST_DATA "/vision/cases/";
constexpr int kCodeSize = 3;
constexpr int kClear = 1 << kCodeSize, kEnd = kClear + 1;

// Codes of as many bits as `kCodeSize` begins with, in sub-blocks; every few a clear code keeps them that
// wide.
std::string packed(const std::vector<int>& codes) {
  std::string bytes;
  uint32_t waiting = 0;
  int bits = 0;
  for (const int code : codes) {
    waiting |= static_cast<uint32_t>(code) << bits;
    for (bits += kCodeSize + 1; bits >= 8; bits -= 8, waiting >>= 8) bytes += static_cast<char>(waiting);
  }
  if (bits > 0) bytes += static_cast<char>(waiting);
  std::string blocks(1, static_cast<char>(kCodeSize));
  for (size_t at = 0; at < bytes.size(); at += 255) {
    const std::string block = bytes.substr(at, 255);
    blocks += static_cast<char>(block.size()) + block;
  }
  return blocks + '\0';
}

std::vector<int> codes_of(const std::vector<int>& indices, bool starts_clear = true) {
  std::vector<int> codes;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i % 6 == 0 && (i > 0 || starts_clear)) codes.push_back(kClear);
    codes.push_back(indices[i]);
  }
  codes.push_back(kEnd);
  return codes;
}

// Colour i is (10 i, 20 i, 30 i).
std::string palette(int colors) {
  std::string table;
  for (int i = 0; i < colors; ++i)
    table += {static_cast<char>(10 * i), static_cast<char>(20 * i), static_cast<char>(30 * i)};
  return table;
}

struct Gif {
  int width = 4, height = 4;
  int left = 1, top = 1, frame_width = 2, frame_height = 2;
  bool global_table = true, local_table = false, interlaced = false;
  int background = 0, transparent = -1;
  int colors = 8;
  std::string before_frame{}, at_end{};
  std::vector<int> codes = codes_of({1, 2, 3, 4});

  std::string file() const {
    const int table = 0x80 | (colors == 8 ? 2 : 1);
    std::string bytes = "GIF89a" + little(width, 2) + little(height, 2) +
                        little(global_table ? table : 0, 1) + little(background, 1) + little(0, 1) +
                        (global_table ? palette(colors) : "");
    if (transparent >= 0) {
      bytes += std::string("!\xF9\x04\x01\0\0", 6) + little(transparent, 1) + std::string(1, '\0');
    }
    bytes += before_frame + "," + little(left, 2) + little(top, 2) + little(frame_width, 2) +
             little(frame_height, 2) + little((local_table ? table : 0) | (interlaced ? 0x40 : 0), 1) +
             (local_table ? palette(colors) : "");
    return bytes + packed(codes) + at_end + ";";
  }
};

DecodedImage decode(const Gif& gif) { return decode_image(to_bytes(gif.file()), "a.gif"); }

// The index whose colour a pixel has; -1 for white.
int index_at(const Image& image, int x, int y) {
  const uint8_t* pixel = &image.pixels[(static_cast<size_t>(y) * image.width + x) * 3];
  const bool white = pixel[0] == 255 && pixel[1] == 255 && pixel[2] == 255;
  EXPECT_TRUE(white || (pixel[1] == 2 * pixel[0] && pixel[2] == 3 * pixel[0])) << x << " " << y;
  return white ? -1 : pixel[0] / 10;
}

std::vector<int> indices_of(const Image& image) {
  std::vector<int> indices;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) indices.push_back(index_at(image, x, y));
  }
  return indices;
}

const std::vector<int> kSmallFrame{-1, -1, -1, -1, -1, 1, 2, -1, -1, 3, 4, -1, -1, -1, -1, -1};

TEST(Gif, CasesShowTheirTruth) {
  for (const std::string name :
       {"gif-animation-first-frame-is-a-part", "gif-first-frame-smaller-background-61",
        "gif-first-frame-smaller-no-global-palette", "gif-frame-1px-wider-than-screen",
        "gif-lzw-without-initial-clear-code", "gif-screen-0x0"}) {
    if (!JANUS_WITH_IMAGES && name == "gif-lzw-without-initial-clear-code") continue;  // stb_image refuses it
    const DecodedImage decoded = read_image(kCases + name + ".gif");
    const Image truth = read_image(kCases + name + ".truth.png").image;
    EXPECT_EQ(decoded.warning, "") << name;
    EXPECT_EQ(decoded.image.width, truth.width) << name;
    EXPECT_EQ(decoded.image.height, truth.height) << name;
    EXPECT_EQ(decoded.image.pixels, truth.pixels) << name;
  }
}

TEST(Gif, WhatIsNotDrawnIsWhite) {
  for (const int background : {0, 1, 7, 200}) {
    for (const int transparent : {-1, 0, 7}) {
      for (const bool local : {false, true}) {
        const Gif gif{.global_table = !local,
                      .local_table = local,
                      .background = background,
                      .transparent = transparent};
        EXPECT_EQ(indices_of(decode(gif).image), kSmallFrame)
            << background << " " << transparent << " " << local;
      }
    }
  }
}

TEST(Gif, TransparentPixelsAreWhite) {
  const std::vector<int> expected{-1, -1, -1, -1, -1, 1, -1, -1, -1, 3, 4, -1, -1, -1, -1, -1};
  for (const int background : {0, 2}) {
    EXPECT_EQ(indices_of(decode({.background = background, .transparent = 2}).image), expected) << background;
  }
}

TEST(Gif, TheLocalTableCounts) {
  Gif gif{.local_table = true};
  std::string file = gif.file();
  for (int i = 0; i < 24; ++i) file[13 + i] = 77;
  EXPECT_EQ(indices_of(decode_image(to_bytes(file), "a.gif").image), kSmallFrame);
}

TEST(Gif, TheScreenGrowsToTheFrame) {
  for (const auto& [width, height] : {std::pair(2, 3), std::pair(0, 0), std::pair(3, 0), std::pair(1, 1)}) {
    const Gif gif{.width = width, .height = height};
    const Image image = decode(gif).image;
    EXPECT_EQ(image.width, 3);
    EXPECT_EQ(image.height, 3);
    EXPECT_EQ(indices_of(image), (std::vector<int>{-1, -1, -1, -1, 1, 2, -1, 3, 4}));
    const ImageSize size = read_image_size(to_bytes(gif.file()), "a.gif");
    EXPECT_EQ(size.width, 3);
    EXPECT_EQ(size.height, 3);
  }
}

TEST(Gif, InterlacedRowsComeInTheirPlaces) {
  for (int height = 1; height <= 20; ++height) {
    std::vector<int> stored;
    for (const auto& [start, step] : {std::pair(0, 8), std::pair(4, 8), std::pair(2, 4), std::pair(1, 2)}) {
      for (int y = start; y < height; y += step) stored.push_back(y % 8);
    }
    const Gif gif{.width = 1,
                  .height = height,
                  .left = 0,
                  .top = 0,
                  .frame_width = 1,
                  .frame_height = height,
                  .interlaced = true,
                  .codes = codes_of(stored)};
    const DecodedImage decoded = decode(gif);
    EXPECT_EQ(decoded.warning, "");
    for (int y = 0; y < height; ++y) EXPECT_EQ(index_at(decoded.image, 0, y), y % 8) << height << " " << y;
  }
}

TEST(Gif, StrayBytesArePassedOver) {
  for (const std::string& stray :
       {std::string(1, '\0'), std::string(5, '\0'), std::string("\x01\xFFzz", 4)}) {
    EXPECT_EQ(indices_of(decode({.before_frame = stray}).image), kSmallFrame);
    EXPECT_EQ(indices_of(decode({.at_end = stray}).image), kSmallFrame);
    EXPECT_EQ(decode({.before_frame = stray, .at_end = stray}).warning, "");
  }
  const std::string comment = "!\xFE\x03one" + std::string(1, '\0');
  EXPECT_EQ(indices_of(decode({.before_frame = comment + comment}).image), kSmallFrame);
  const std::string file = Gif{}.file();
  EXPECT_EQ(decode_image(to_bytes(file.substr(0, file.size() - 1)), "a.gif").warning, "");  // no trailer
}

TEST(Gif, NeedsNoClearCodeAtItsStart) {
  if (!JANUS_WITH_IMAGES) GTEST_SKIP() << "stb_image refuses it";
  EXPECT_EQ(indices_of(decode({.codes = codes_of({1, 2, 3, 4}, false)}).image), kSmallFrame);
}

TEST(Gif, WithoutAColourTableIsRefused) {
  const std::string message = decode_error(to_bytes(Gif{.global_table = false}.file()));
  EXPECT_NE(message.find("expected a GIF with a colour table, found none; "), std::string::npos) << message;
}

TEST(Gif, ColoursBeyondTheTableAreWhite) {
  const DecodedImage decoded = decode({.colors = 4, .codes = codes_of({1, 5, 3, 7})});
  EXPECT_EQ(indices_of(decoded.image),
            (std::vector<int>{-1, -1, -1, -1, -1, 1, -1, -1, -1, 3, -1, -1, -1, -1, -1, -1}));
  const char* warning =
      JANUS_WITH_IMAGES ? "picture a.gif: the GIF uses colours that it does not define; they are left white"
                        : "";
  EXPECT_EQ(decoded.warning, warning);
}

// A code that the table does not have yet, and an end before the last pixel: what stood before is drawn.
TEST(Gif, KeepsThePixelsBeforeDamage) {
  if (!JANUS_WITH_IMAGES) GTEST_SKIP() << "stb_image says less";
  const std::vector<int> three{-1, -1, -1, -1, -1, 1, 2, -1, -1, 3, -1, -1, -1, -1, -1, -1};
  for (const std::vector<int>& codes : {std::vector<int>{kClear, 1, 2, 3, 15, 4, kEnd},
                                        {kClear, 1, 2, 3, kEnd},
                                        {kClear, 1, 2, 3, kEnd, 4, kEnd},
                                        {kClear, 1, 2, 3, kClear, 12, kEnd}}) {
    const DecodedImage decoded = decode({.codes = codes});
    EXPECT_EQ(indices_of(decoded.image), three);
    EXPECT_EQ(decoded.warning, "picture a.gif: the GIF is damaged; the part that is missing is blank");
  }
  for (const std::vector<int>& codes : {std::vector<int>{kEnd}, {kClear, 10}, {15}}) {
    const std::string message = decode_error(to_bytes(Gif{.codes = codes}.file()));
    EXPECT_NE(message.find("found its first pixel damaged; copy or download it again"), std::string::npos)
        << message;
  }
}

TEST(Gif, CutShortIsAnErrorOrAWarning) {
  std::vector<int> indices(64);
  std::iota(indices.begin(), indices.end(), 0);
  for (int& index : indices) index %= 8;
  const Gif gif{.width = 8,
                .height = 8,
                .left = 0,
                .top = 0,
                .frame_width = 8,
                .frame_height = 8,
                .codes = codes_of(indices)};
  const std::string file = gif.file();
  int warnings = 0;
  for (size_t length = 6; length + 1 < file.size(); ++length) {
    const std::vector<std::byte> cut = to_bytes(file.substr(0, length));
    const std::string message = decode_error(cut);
    if (!message.empty()) {
      EXPECT_NE(message.find("found one cut short"), std::string::npos) << length << ": " << message;
      continue;
    }
    ++warnings;
    const DecodedImage decoded = decode_image(cut, "a.gif");
    EXPECT_EQ(decoded.warning, "picture a.gif: the GIF is cut short; the part that is missing is blank")
        << length;
    bool drawn = true;
    for (int i = 0; i < 64; ++i) {
      const int index = index_at(decoded.image, i % 8, i / 8);
      drawn = drawn && index == i % 8;
      EXPECT_EQ(index, drawn ? i % 8 : -1) << length << " " << i;
    }
    EXPECT_EQ(index_at(decoded.image, 0, 0), 0) << length;
  }
  EXPECT_GT(warnings, 30);
}

TEST(Gif, WithoutPixelsIsRefused) {
  EXPECT_NE(decode_error(to_bytes(Gif{.frame_width = 0}.file())).find("found 0 x 2"), std::string::npos);
  EXPECT_NE(decode_error(to_bytes("GIF89a" + std::string(7, '\0') + ";")).find("found none in it"),
            std::string::npos);
}

// A few dozen bytes may ask for a screen, or a frame, of any size: three bytes a pixel are due to the result.
TEST(Gif, LargeScreensTakeTheResultsMemory) {
  const auto peak_bytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * int64_t{1024};
  };
  constexpr int64_t kSide = 6000;
  const int64_t before = peak_bytes();
  const DecodedImage decoded = decode({.width = kSide, .height = kSide});
  EXPECT_EQ(index_at(decoded.image, 1, 1), 1);
  EXPECT_EQ(index_at(decoded.image, kSide - 1, kSide - 1), -1);
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_LE(peak_bytes() - before, kSide * kSide * 4);
#endif
  if (!JANUS_WITH_IMAGES) return;
  const DecodedImage whole =
      decode({.width = 1, .height = 1, .left = 0, .top = 0, .frame_width = kSide, .frame_height = kSide});
  EXPECT_EQ(index_at(whole.image, 3, 0), 4);
  EXPECT_EQ(index_at(whole.image, 4, 0), -1);
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_LE(peak_bytes() - before, kSide * kSide * 8);  // the first image is still there
#endif
}

}  // namespace
}  // namespace janus
