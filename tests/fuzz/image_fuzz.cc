// Pictures of all formats: an image as large as its header says, the same whatever stood in memory before, or
// a line.
#include <algorithm>
#include <optional>
#include <span>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/png_checksums.h"
#include "tests/support/poison.h"
#include "vision/formats/image_header.h"
#include "vision/image_file.h"

// libheif lets go of pictures that dav1d gave up on half-way.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d\nleak:libheif\n"; }

namespace {

using janus::fuzz::require;
using janus::fuzz::takes;

// Larger ones are legal, and would only make this slow.
constexpr int64_t kMostPixels = 1'000'000;

std::optional<janus::ImageSize> size_of(std::span<const std::byte> bytes) {
  std::optional<janus::ImageSize> size;
  takes([&] { size = janus::read_image_size(bytes, "picture"); }, janus::fuzz::require_one_line);
  return size;
}

std::optional<janus::DecodedImage> decoded(std::span<const std::byte> bytes, unsigned char poison) {
  const janus::test::Poisoned memory(poison);
  std::optional<janus::DecodedImage> decoded;
  takes([&] { decoded = janus::decode_image(bytes, "picture"); }, janus::fuzz::require_one_line);
  return decoded;
}

void read(const std::string& file) {
  const auto bytes = std::as_bytes(std::span(file));
  const auto size = size_of(bytes);
  if (size && size->width * size->height > kMostPixels) return;
  const auto once = decoded(bytes, 0x5A), again = decoded(bytes, 0xA5);
  require(once.has_value() == again.has_value(), "one answer, whatever stands in memory");
  if (!once) return;
  const janus::Image& image = once->image;
  require(size && size->width == image.width && size->height == image.height,
          "the size that the header says");
  require(image.pixels.size() == size_t{3} * image.width * image.height, "three bytes a pixel");
  require(image.pixels == again->image.pixels, "the same pixels, whatever stands in memory");
  if (!once->warning.empty()) janus::fuzz::require_one_line(once->warning);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds =
      janus::fuzz::test_files({"vision/pictures", "vision/cases", "vision/modern", "vision/tiff_bmp"}, 5000);
  std::erase_if(seeds, [](const std::string& file) { return !size_of(std::as_bytes(std::span(file))); });
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string file(janus::fuzz::text_of(data, size));
  read(file);
  if (janus::fuzz::mend_png_checksums(file)) read(file);
  return 0;
}
