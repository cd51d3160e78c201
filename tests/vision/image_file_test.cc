// Decoding against Pillow (tests/reference/picture_golden.py), and what cannot be decoded.
#include "vision/image_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/vision/image_files.h"
#include "tests/vision/seeded_image.h"

namespace janus {
namespace {

using test::decode_error;
using test::to_bytes;

std::vector<uint8_t> from_hex(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

void expect_near(const Image& image, const std::vector<uint8_t>& expected, int tolerance,
                 const std::string& name) {
  ASSERT_EQ(image.pixels.size(), expected.size()) << name;
  int largest = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    largest = std::max(largest, std::abs(image.pixels[i] - expected[i]));
  EXPECT_LE(largest, tolerance) << name;
}

// Whether this build has not even what reads the header.
bool missing_module(const std::string& message) {
  return JANUS_WITH_IMAGES == 0 && message.find("expected libjanus_") != std::string::npos;
}

TEST(DecodeImage, ReadsWhatPillowReads) {
  std::ifstream list(test::kImageFolder + "expected.txt");
  int count = 0;
  for (std::string line; std::getline(list, line); ++count) {
    std::istringstream fields(line);
    std::string name, hex;
    int width = 0, height = 0, with_libraries = 0, light = 0;
    fields >> name >> width >> height >> with_libraries >> light >> hex;
    ASSERT_FALSE(fields.fail()) << line;
    const int tolerance = JANUS_WITH_IMAGES ? with_libraries : light;
    if (tolerance < 0) {
      const std::string message = decode_error(test::image_bytes(name));
      EXPECT_NE(message.find("convert "), std::string::npos) << name << ": " << message;
      continue;
    }
    const DecodedImage decoded = read_image(test::kImageFolder + name);
    EXPECT_EQ(decoded.warning, "") << name;
    EXPECT_EQ(decoded.image.width, width) << name;
    EXPECT_EQ(decoded.image.height, height) << name;
    expect_near(decoded.image, from_hex(hex), tolerance, name);
  }
  EXPECT_EQ(count, 97);
}

// A header is enough to refuse: these files hold no pixels to speak of, and none are allocated.
TEST(DecodeImage, RefusesHugeSizesByTheHeader) {
  for (const std::string& file :
       {test::png_of_size(30000, 30000), test::gif_of_size(30000, 30000), test::bmp_of_size(30000, 30000),
        test::bmp_of_size(INT32_MAX, INT32_MIN), test::webp_of_size(30000, 30000),
        test::tiff_of_size(30000, 30000), test::png_of_size(UINT32_MAX, UINT32_MAX),
        test::tiff_of_size(UINT32_MAX, UINT32_MAX), test::png_of_size(2000000, 1),
        test::tiff_of_size(1, 2000000)}) {
    const std::string message = decode_error(to_bytes(file));
    if (missing_module(message)) continue;
    EXPECT_NE(message.find("expected 1 to "), std::string::npos) << message;
  }
}

TEST(DecodeImage, RefusesSizesWithoutPixels) {
  for (const std::string& file : {test::png_of_size(0, 0), test::jpeg_of_size(0, 0), test::gif_of_size(0, 0),
                                  test::bmp_of_size(0, 0), test::tiff_of_size(0, 0), test::png_of_size(0, 5),
                                  test::jpeg_of_size(5, 0), test::bmp_of_size(-3, 4)}) {
    const std::string message = decode_error(to_bytes(file));
    if (missing_module(message)) continue;
    EXPECT_NE(message.find("expected 1 to "), std::string::npos) << message;
  }
}

TEST(DecodeImage, ReadsThinImages) {
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(1, 5000), std::pair(5000, 1)}) {
    const Image image = test::seeded_image(width, height, 0, 4);
    const Image back = decode_image(encode_image(image, ImageFormat::png), "test").image;
    EXPECT_EQ(back.width, width);
    EXPECT_EQ(back.height, height);
    EXPECT_EQ(back.pixels, image.pixels);
  }
}

// Sizes within the limits that the file is too short for are found out before any allocation.
TEST(DecodeImage, RefusesSizesThatTheFileCannotFill) {
  EXPECT_NE(decode_error(to_bytes(test::png_of_size(16000, 16000))).find("it is damaged"), std::string::npos);
  EXPECT_NE(decode_error(to_bytes(test::bmp_of_size(16000, -16000))).find("cut short"), std::string::npos);
}

// A file cut anywhere is an error, or an image of full size with a warning; the few bytes behind the last
// pixel do not matter to a decoder.
TEST(DecodeImage, NoticesCutFiles) {
  for (const char* name : {"rgb.png", "rgb.jpg", "progressive.jpg", "animation.gif", "rgb.bmp", "lossy.webp",
                           "lossless.webp", "rgb.tif", "tiff_lzw.tif", "rgb.jp2", "rgb.j2k", "rgb.ppm"}) {
    const std::vector<std::byte> whole = test::image_bytes(name);
    int warnings = 0;
    for (size_t length = 0; length + 2 < whole.size(); ++length) {
      try {
        const DecodedImage decoded = decode_image(std::span(whole).first(length), "test");
        EXPECT_EQ(decoded.image.pixels.size(), 13U * 9 * 3) << name << " " << length;
        if (std::string(name) == "animation.gif") continue;  // whole frames may be missing
        EXPECT_NE(decoded.warning, "") << name << " " << length;
        ++warnings;
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      }
    }
    const bool goes_on = std::string_view(name).ends_with(".jpg") || std::string_view(name) == "rgb.bmp";
    EXPECT_EQ(warnings > 20, goes_on) << name;
  }
}

TEST(DecodeImage, WarnsOfACutGifFrame) {
  const std::vector<std::byte> whole = test::image_bytes("transparent.gif");
  const DecodedImage decoded = decode_image(std::span(whole).first(whole.size() - 8), "half.gif");
  EXPECT_EQ(decoded.warning, "picture half.gif: the GIF is cut short; the part that is missing is blank");
}

// stb_image would write past its tables.
TEST(DecodeImage, RefusesOversizedHuffmanTables) {
  std::vector<std::byte> bytes = test::image_bytes("rgb.jpg");
  const std::string table =
      "\xFF\xC4" + test::big(2 + 17 + 4080, 2) + "\x13" + std::string(16 + 4080, '\xFF');
  const std::vector<std::byte> segment = to_bytes(table);
  bytes.insert(bytes.begin() + 2, segment.begin(), segment.end());
  EXPECT_NE(decode_error(bytes).find("Huffman table"), std::string::npos);
}

TEST(DecodeImage, NoticesDamagedPng) {
  std::vector<std::byte> bytes = test::image_bytes("rgb.png");
  bytes[bytes.size() / 2] ^= std::byte{0x10};
  EXPECT_NE(decode_error(bytes).find("damaged"), std::string::npos);
}

std::string read_error(const std::string& path) {
  try {
    read_image(path);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(ReadImage, NamesThePathAndTheFault) {
  const std::string folder = ::testing::TempDir();
  EXPECT_EQ(read_error(folder + "no_such.png"),
            "picture " + folder +
                "no_such.png: expected a readable file, found: No such file or directory; check the path");
  EXPECT_EQ(read_error(folder),
            "picture " + folder + ": expected a readable file, found: Is a directory; name the files in it");
}

TEST(ReadImage, NamesAFileItMayNotRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const std::string locked = ::testing::TempDir() + "locked.png";
  std::ofstream(locked) << "x";
  chmod(locked.c_str(), 0);
  EXPECT_EQ(read_error(locked), "picture " + locked +
                                    ": expected a readable file, found: Permission denied; make it readable "
                                    "(chmod u+r), and its folders (chmod u+x), or ask its owner to");
  std::filesystem::remove(locked);
}

TEST(ReadImage, ReadsStdin) {
  const int file = open((test::kImageFolder + "rgb.png").c_str(), O_RDONLY);
  const int saved = dup(STDIN_FILENO);
  dup2(file, STDIN_FILENO);
  const Image image = read_image("-").image;
  const std::string empty = read_error("-");
  EXPECT_TRUE(empty.starts_with("picture stdin: expected JPEG, PNG, ")) << empty;
  EXPECT_TRUE(empty.ends_with(", found an empty file; copy or download it again")) << empty;
  dup2(saved, STDIN_FILENO);
  close(saved);
  close(file);
  EXPECT_EQ(image.pixels, read_image(test::kImageFolder + "rgb.png").image.pixels);
}

// The libraries' own words on damaged data must not reach the terminal, and ours must afterwards.
TEST(DecodeImage, KeepsStderrClean) {
  ::testing::internal::CaptureStderr();
  for (const char* name :
       {"rgb.jpg", "progressive.jpg", "rgb.png", "lossy.webp", "tiff_lzw.tif", "jpeg.tif", "runs.bmp"}) {
    std::vector<std::byte> bytes = test::image_bytes(name);
    for (size_t at = bytes.size() / 3; at < bytes.size(); at += 5) bytes[at] ^= std::byte{0x55};
    decode_error(bytes);
  }
  std::fputs("heard\n", stderr);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "heard\n");
}

TEST(DecodeImage, ServesManyThreads) {
  ::testing::internal::CaptureStderr();
  const std::vector<std::byte> jpeg = test::image_bytes("rgb.jpg");
  const std::vector<uint8_t> expected = decode_image(jpeg, "test").image.pixels;
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  std::vector<int> same(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) same[t] += decode_image(jpeg, "test").image.pixels == expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, std::vector<int>(kThreads, 50));
  std::fputs("heard\n", stderr);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "heard\n");
}

}  // namespace
}  // namespace janus
