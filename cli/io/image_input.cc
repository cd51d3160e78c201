#include "cli/io/image_input.h"

#include <utility>

#include "cli/io/output_file.h"

namespace janus::cli {

Image read_input_image(const std::string& path, Console& console) { return ImageInput(path).image(console); }

ImageInput::ImageInput(std::string path)
    : name_(path == kStandardStream ? "stdin" : path), bytes_(read_image_file(path)) {}

Image ImageInput::image(Console& console) const {
  DecodedImage decoded = decode_image(bytes(), name_);
  if (!decoded.warning.empty()) console.notice(decoded.warning);
  return std::move(decoded.image);
}

ImageText ImageInput::text() const { return read_image_text(bytes(), name_); }

}  // namespace janus::cli
