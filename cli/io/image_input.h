// Images the program reads.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "cli/io/console.h"
#include "vision/image_file.h"

namespace janus::cli {

// The image at `path`, "-" for standard input; what was odd about it goes to standard error. Throws Error.
Image read_input_image(const std::string& path, Console& console);

// An image file held in memory, for what takes its pixels and its text, each once or not at all: standard
// input, too, is read but once.
class ImageInput {
 public:
  // Throws Error where there is no such file, or none that can be read.
  explicit ImageInput(std::string path);

  // As read_input_image() gives it.
  Image image(Console& console) const;
  // As read_image_text() gives it. Throws Error for a file that is no image.
  ImageText text() const;

 private:
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

  std::string name_, bytes_;
};

}  // namespace janus::cli
