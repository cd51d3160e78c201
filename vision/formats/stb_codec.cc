#include <climits>
#include <cstdlib>
#include <memory>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

// Zeroed memory: a JPEG that uses tables it never defined would else be decoded with whatever lay there, and
// out of bounds. Its assertions are off in every build: they can fail on damaged files, and a library does
// not abort.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#define STBI_ASSERT(condition) static_cast<void>(0)
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_GIF
#include <stb_image.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace janus {
namespace {

constexpr int kChannels = 3;

void append(void* context, void* data, int size) {
  auto* bytes = static_cast<std::vector<std::byte>*>(context);
  const auto* begin = static_cast<const std::byte*>(data);
  bytes->insert(bytes->end(), begin, begin + size);
}

}  // namespace

Pixels decode_with_stb(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  check(bytes.size() <= INT_MAX, "picture {}: expected at most {} bytes, found {}", name, INT_MAX,
        bytes.size());
  const int wanted = header.alpha == Alpha::ignored ? kChannels : 0;
  Pixels pixels;
  const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()),
                            &pixels.width, &pixels.height, &pixels.channels, wanted),
      stbi_image_free);
  check(decoded != nullptr, "picture {}: expected a {} that decodes, found it damaged or of a rare kind ({})",
        name, name_of(header.format), stbi_failure_reason());
  if (wanted != 0) pixels.channels = wanted;
  const size_t size = static_cast<size_t>(pixels.width) * pixels.height * pixels.channels;
  pixels.values.assign(decoded.get(), decoded.get() + size);
  return pixels;
}

std::vector<std::byte> encode_png_with_stb(const Image& image, int /*quality*/) {
  std::vector<std::byte> bytes;
  const int written = stbi_write_png_to_func(append, &bytes, image.width, image.height, kChannels,
                                             image.pixels.data(), image.width * kChannels);
  check(written != 0,
        "picture of {} x {}: expected memory to encode it as PNG, found too little; close other programs, or "
        "make the picture smaller",
        image.width, image.height);
  return bytes;
}

std::vector<std::byte> encode_jpeg_with_stb(const Image& image, int quality) {
  std::vector<std::byte> bytes;
  const int written = stbi_write_jpg_to_func(append, &bytes, image.width, image.height, kChannels,
                                             image.pixels.data(), quality);
  check(written != 0,
        "picture of {} x {}: expected memory to encode it as JPEG, found too little; close other programs, "
        "or make the picture smaller",
        image.width, image.height);
  return bytes;
}

}  // namespace janus
