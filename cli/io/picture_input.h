// Pictures the program reads.
#pragma once

#include <string>

#include "cli/io/console.h"
#include "vision/image.h"

namespace janus::cli {

// The picture at `path`, "-" for standard input; what was odd about it goes to standard error. Throws Error.
Image read_picture(const std::string& path, Console& console);

}  // namespace janus::cli
