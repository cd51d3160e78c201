#include "vision/image_memory.h"

#include <cstdlib>

#include "core/base/transient_error.h"

namespace janus {
namespace {

// What codecs keep of themselves, and beside the pixels: 16 bits or four channels of them, and a copy.
constexpr int64_t kSpareBytes = int64_t{16} << 20;
constexpr int64_t kBytesAPixel = 12;

}  // namespace

bool has_image_memory(int64_t pixels) {
  void* const memory = std::malloc(static_cast<size_t>(kSpareBytes + kBytesAPixel * pixels));
  std::free(memory);
  return memory != nullptr;
}

void fail_without_image_memory(int64_t width, int64_t height, const std::string& name) {
  const std::string size = width > 0 ? fmt::format("its {} x {} pixels", width, height) : "it";
  const std::string message = fmt::format(
      "picture {}: expected memory for {}, found too little; close other programs, or make the picture "
      "smaller",
      name, size);
  if (width * height > kLargeImagePixels) throw TransientError(message);
  throw MachineFault(message);
}

}  // namespace janus
