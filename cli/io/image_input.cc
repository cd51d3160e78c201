#include "cli/io/image_input.h"

#include "vision/image_file.h"

namespace janus::cli {

Image read_input_image(const std::string& path, Console& console) {
  DecodedImage decoded = read_image(path);
  if (!decoded.warning.empty()) console.notice(decoded.warning);
  return std::move(decoded.image);
}

}  // namespace janus::cli
