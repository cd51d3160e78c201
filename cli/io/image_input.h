// Images the program reads.
#pragma once

#include <string>

#include "cli/io/console.h"
#include "vision/image.h"

namespace janus::cli {

// The image at `path`, "-" for standard input; what was odd about it goes to standard error. Throws Error.
Image read_input_image(const std::string& path, Console& console);

}  // namespace janus::cli
