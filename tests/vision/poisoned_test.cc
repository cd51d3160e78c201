// No byte of memory that nobody wrote reaches a pixel: the pictures of the tests are decoded twice over
// differently poisoned memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/read_file.h"
#include "tests/support/poison.h"
#include "vision/image_file.h"

namespace janus {
namespace {

// What came of a picture: its pixels and the warning, or what refused it.
struct Answer {
  std::vector<uint8_t> pixels;
  std::string words;
  bool operator==(const Answer&) const = default;
};

Answer decode(const std::string& bytes, unsigned char poison) {
  const test::Poisoned memory(poison);
  try {
    DecodedImage decoded = decode_image(std::as_bytes(std::span(bytes)), "test");
    return {std::move(decoded.image.pixels), decoded.warning};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

std::vector<std::string> picture_files() {
  std::vector<std::string> files;
  for (const char* folder :
       {JANUS_TEST_DATA "/vision", JANUS_TEST_DATA "/lists", JANUS_TEST_DATA "/captions-0.1",
        JANUS_SOURCE_DIR "/samples/pictures", JANUS_SOURCE_DIR "/tests/fuzz/corpus/image"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(DecodeImage, IsTheSameOverPoisonedMemory) {
  int pictures = 0;
  for (const std::string& path : picture_files()) {
    SCOPED_TRACE(path);
    const std::string bytes = read_file(path, path, size_t{1} << 30);
    const Answer once = decode(bytes, 0x5A);
    EXPECT_TRUE(once == decode(bytes, 0xA5)) << once.words;
    pictures += once.pixels.empty() ? 0 : 1;
  }
  EXPECT_GT(pictures, JANUS_WITH_IMAGES ? 250 : 50);
}

TEST(Poisoned, ReachesMemoryThatIsAllocated) {
  const test::Poisoned memory(0x77);
  // The compiler must not know that nobody wrote there.
  unsigned char* volatile small = static_cast<unsigned char*>(std::malloc(100));
  EXPECT_EQ(static_cast<int>(small[99]), 0x77);
  std::free(small);
  unsigned char* volatile zeros = static_cast<unsigned char*>(std::calloc(1, 100));
  EXPECT_EQ(static_cast<int>(zeros[99]), 0);
  std::free(zeros);
}

}  // namespace
}  // namespace janus
