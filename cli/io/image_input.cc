#include "cli/io/image_input.h"

#include <unistd.h>

#include <utility>

#include "cli/io/output_file.h"

namespace janus::cli {

void declare_pixel_limit(OptionSet& options, int64_t& target) {
  options.option(
      "--limit-pixels", "N", number(target, kPixelLimits),
      "most pixels of an image once it is decoded, {range}; a JPEG of more is shrunk, others are refused");
}

Image read_input_image(const std::string& path, Console& console, int64_t pixel_limit) {
  return ImageInput(path).image(console, pixel_limit);
}

void check_image_is_there(const std::string& path) {
  if (path != kStandardStream && access(path.c_str(), R_OK) != 0) read_image_file(path);
}

ImageInput::ImageInput(std::string path)
    : name_(path == kStandardStream ? "stdin" : path), bytes_(read_image_file(path)) {}

Image ImageInput::image(Console& console, int64_t pixel_limit) const {
  DecodedImage decoded = decode_image(bytes(), name_, pixel_limit);
  if (!decoded.warning.empty()) console.notice(decoded.warning);
  return std::move(decoded.image);
}

ImageText ImageInput::text() const { return read_image_text(bytes(), name_); }

}  // namespace janus::cli
