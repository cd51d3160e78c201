// Decoding of damaged files: whatever the bytes, an image or one Error line. Run it under the asan preset
// too.
#include <algorithm>
#include <filesystem>

#include "tests/vision/image_files.h"
#include "tests/vision/seeded_image.h"
#include "vision/formats/image_header.h"
#include "vision/formats/png_chunks.h"

// Sanitised programs: libheif lets go of pictures that dav1d gave up on half-way.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d\nleak:libheif\n"; }

namespace janus {
namespace {

constexpr int kRounds = 400;  // for each seed file

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : next_(seed) {}

  size_t below(size_t limit) {
    size_t number = 0;
    for (int i = 0; i < 4; ++i) number = number << 8 | next_();
    return limit == 0 ? 0 : number % limit;
  }

  void operator()(std::vector<std::byte>& bytes) {
    for (size_t left = 1 + below(6); left > 0 && !bytes.empty(); --left) {
      const size_t at = below(bytes.size());
      switch (below(6)) {
        case 0:
          bytes[at] ^= std::byte{1} << below(8);
          break;
        case 1:
          bytes[at] = std::byte{next_()};
          break;
        case 2:
          bytes[at] = below(2) == 0 ? std::byte{0xFF} : std::byte{0};
          break;
        case 3:
          bytes.resize(at);
          break;
        case 4:
          bytes.erase(bytes.begin() + at, bytes.begin() + at + std::min(bytes.size() - at, below(9)));
          break;
        default: {
          const std::vector<std::byte> part(bytes.begin() + at,
                                            bytes.begin() + at + std::min<size_t>(bytes.size() - at, 12));
          bytes.insert(bytes.begin() + below(bytes.size()), part.begin(), part.end());
        }
      }
    }
  }

 private:
  test::ByteGenerator next_;
};

// A PNG dies of its first wrong checksum; right ones let the damage reach the decoder.
void mend_checksums(std::vector<std::byte>& bytes) {
  const std::string name = "test";
  try {
    PngChunks chunks(bytes, name);
    for (PngChunk chunk; chunks.next(chunk);) {
      const std::vector<std::byte> sum = test::to_bytes(test::big(crc32(chunk.type_and_data), 4));
      const size_t at = chunk.type_and_data.data() + chunk.type_and_data.size() - bytes.data();
      std::copy(sum.begin(), sum.end(), bytes.begin() + at);
    }
  } catch (const Error&) {
    // The rest of the chunks is out of reach, which the decoder shall find out.
  }
}

bool fits_in_memory(const std::vector<std::byte>& bytes) {
  // Sizes up to kMaxPixels are legal and would only make this test slow.
  try {
    const ImageHeader header = read_image_header(bytes, "test");
    return header.width * header.height < 4000000;
  } catch (const Error&) {
    return true;
  }
}

TEST(DecodeImage, SurvivesDamage) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::kImageFolder)) {
    if (entry.path().extension() != ".txt") names.push_back(entry.path().filename());
  }
  if (JANUS_WITH_HEIF) {
    for (const char* name :
         {"rgb.heic", "phone.heic", "alpha_multiplied.heic", "crop.heic", "alpha.avif", "deep10.avif",
          "grey_limited.avif", "rgb.jxl", "boxes.jxl", "lossy.jxl", "linear.jxl"}) {
      names.push_back(std::string("../modern/") + name);
    }
  }
  std::sort(names.begin(), names.end());
  ASSERT_GT(names.size(), 60U);
  int images = 0;
  int errors = 0;
  ::testing::internal::CaptureStderr();
  for (const std::string& name : names) {
    const std::vector<std::byte> seed_file = test::image_bytes(name);
    Mutator mutate(test::fnv1a({reinterpret_cast<const uint8_t*>(name.data()), name.size()}));
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::byte> bytes = seed_file;
      mutate(bytes);
      if (name.ends_with(".png") && round % 4 != 0) mend_checksums(bytes);
      if (!fits_in_memory(bytes)) continue;
      try {
        const Image image = decode_image(bytes, name).image;
        ASSERT_EQ(image.pixels.size(), size_t{3} * image.width * image.height);
        ++images;
      } catch (const Error& error) {
        ASSERT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
        ++errors;
      }
      try {
        read_image_text(bytes, name);
      } catch (const Error&) {
      }
    }
  }
  // The libraries' own words on damaged data must not reach the terminal.
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(images, 500);
  EXPECT_GT(errors, 500);
}

}  // namespace
}  // namespace janus
