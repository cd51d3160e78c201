#include "cli/chat/chat_image.h"

#include "cli/io/image_input.h"
#include "cli/io/output_file.h"
#include "core/base/error.h"

namespace janus::cli {

Image read_chat_image(const std::string& path, Console& console, int64_t pixel_limit) {
  check(path != kStandardStream,
        "image, -: expected a file, found standard input, which brings the questions; write it to a file "
        "first");
  return read_input_image(path, console, pixel_limit);
}

}  // namespace janus::cli
