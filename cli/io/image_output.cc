#include "cli/io/image_output.h"

#include <fmt/format.h>

#include "cli/app/command.h"

namespace janus::cli {

ImageFormat output_image_format(const std::string& path, const std::string& option) {
  if (path == kStandardStream) return ImageFormat::png;
  std::optional<ImageFormat> format = image_format_of(path);
  if (!format) {
    throw UsageError(
        fmt::format("option {}, command line: expected a name that ends in one of {}, found \"{}\"; "
                    "rename it, or use - for a PNG on standard output",
                    option, writable_extensions(), path));
  }
  return *format;
}

}  // namespace janus::cli
