#include "core/base/error.h"
#include "core/base/shared_module.h"
#include "vision/check_image.h"
#include "vision/contact_sheet.h"
#include "vision/formats/image_module.h"

namespace janus {
namespace {

constexpr const char* kModule = "lanczos";

}  // namespace

bool can_enlarge() {
  std::string fault;
  return find_image_module(kModule, fault) != nullptr;
}

Image enlarge_lanczos(const Image& image, int factor) {
  std::string fault;
  const ImageModule* module = find_image_module(kModule, fault);
  check(module != nullptr,
        "picture, enlarging: expected {} beside the program, found {}; install all of janus, built with "
        "JANUS_OPENCV=ON",
        shared_module_file(kModule), fault);
  check_image(image);
  kEnlargements.check("enlarging, factor", factor);
  const int64_t width = int64_t{image.width} * factor, height = int64_t{image.height} * factor;
  check(width * height <= kMaxPixels, "picture, enlarged: expected at most {} pixels, found {} x {}",
        kMaxPixels, width, height);
  Image result{.width = static_cast<int>(width),
               .height = static_cast<int>(height),
               .pixels = std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  module->enlarge_lanczos(image, result);
  return result;
}

}  // namespace janus
