// Images that a conversation reads.
#pragma once

#include <string>

#include "cli/io/console.h"
#include "vision/image.h"

namespace janus::cli {

// read_input_image(), but for standard input, where the lines of the conversation come from.
Image read_chat_image(const std::string& path, Console& console, int64_t pixel_limit);

}  // namespace janus::cli
