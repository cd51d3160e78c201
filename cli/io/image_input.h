// Images the program reads.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "cli/app/options.h"
#include "cli/io/console.h"
#include "vision/image_file.h"

namespace janus::cli {

// Adds --limit-pixels.
void declare_pixel_limit(OptionSet& options, int64_t& target);

// The image at `path`, "-" for standard input; what was odd about it goes to standard error. Throws Error,
// also for one of more than `pixel_limit` pixels that is not shrunk into it.
Image read_input_image(const std::string& path, Console& console, int64_t pixel_limit = kUsualPixelLimit);

// Throws Error as read_input_image() does where there is nothing at `path` that can be opened. It is not
// opened for that, so pipes lose nothing: for what is told before a model is loaded.
void check_image_is_there(const std::string& path);

// An image file held in memory, for what takes its pixels and its text, each once or not at all: standard
// input, too, is read but once.
class ImageInput {
 public:
  // Throws Error where there is no such file, or none that can be read.
  explicit ImageInput(std::string path);

  // As read_input_image() gives it.
  Image image(Console& console, int64_t pixel_limit = kUsualPixelLimit) const;
  // As read_image_text() gives it. Throws Error for a file that is no image.
  ImageText text() const;

 private:
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

  std::string name_, bytes_;
};

}  // namespace janus::cli
