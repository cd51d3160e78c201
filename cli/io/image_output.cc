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

const OptionEntry& declare_quality(OptionSet& options, int64_t& target) {
  return options.option("--quality", "Q", number(target, kQualities),
                        "of JPEG and WebP, {range}; a WebP of 100 is lossless");
}

void check_quality(const OptionEntry& option, const std::vector<std::string>& paths) {
  if (!option.on_command_line()) return;
  std::string found;
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    const std::optional<ImageFormat> format = image_format_of(path);
    if (format && *format != ImageFormat::png) return;
    if (found.empty()) found = path;
  }
  throw UsageError(fmt::format(
      "option --quality, command line: expected a JPEG or WebP to write, found {}, {}; leave the option "
      "out, or name the output .jpg or .webp",
      found, found == kStandardStream ? "a PNG on standard output" : "which keeps every pixel as it is"));
}

}  // namespace janus::cli
