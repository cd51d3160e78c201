#include "cli/io/output_pattern.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/app/command.h"

namespace janus::cli {
namespace {

constexpr int kWidestNumber = 19;

// Reads "d" or "0Nd" at `at`: the width (0 for "d"), or -1 for anything else. Moves `at` behind it.
int read_width(const std::string& path, size_t& at) {
  int width = 0;
  if (at < path.size() && path[at] == '0') {
    size_t first = ++at;
    while (at < path.size() && path[at] >= '0' && path[at] <= '9' && width <= kWidestNumber) {
      width = width * 10 + (path[at++] - '0');
    }
    if (at == first || width == 0 || width > kWidestNumber) return -1;
  }
  return at < path.size() && path[at++] == 'd' ? width : -1;
}

}  // namespace

OutputPattern::OutputPattern(const std::string& path, const std::string& option) {
  if (parse(path)) return;
  throw UsageError(
      fmt::format("option {}, command line: expected one %d or %03d for the image's number and %% "
                  "for a per cent sign, found \"{}\"; see janus generate --help",
                  option, path));
}

bool OutputPattern::well_formed(const std::string& path) { return OutputPattern().parse(path); }

bool OutputPattern::parse(const std::string& path) {
  for (size_t at = 0; at < path.size();) {
    std::string& part = numbered_ ? after_ : before_;
    if (path[at] != '%') {
      part += path[at++];
    } else if (path.compare(at, 2, "%%") == 0) {
      part += '%';
      at += 2;
    } else {
      int width = read_width(path, ++at);
      if (width < 0 || numbered_) return false;
      numbered_ = true;
      width_ = width;
    }
  }
  return true;
}

std::string OutputPattern::renamed(const std::string& path, int number) {
  const std::filesystem::path whole(path);
  const std::string name = whole.filename().string();
  size_t at = name.find('%');
  while (at != std::string::npos && name.compare(at, 2, "%%") == 0) at = name.find('%', at + 2);
  if (at == 0 && whole.has_parent_path())
    return (whole.parent_path().string() + fmt::format("-{}", number)) + "/" + name;
  if (at == std::string::npos) {
    at = name.size() - whole.extension().string().size();
    return (whole.parent_path() / fmt::format("{}-{}{}", name.substr(0, at), number, name.substr(at)))
        .string();
  }
  const bool parted = at == 0 || name[at - 1] == '-' || name[at - 1] == '_' || name[at - 1] == ' ';
  const std::string other =
      fmt::format("{}{}{}-{}", name.substr(0, at), parted ? "" : "-", number, name.substr(at));
  return (whole.parent_path() / other).string();
}

std::string OutputPattern::path(int64_t index, int64_t count) const {
  if (numbered_) return fmt::format("{}{:0{}}{}", before_, index, width_, after_);
  if (count == 1) return before_;
  std::filesystem::path whole(before_);
  return (whole.parent_path() /
          fmt::format("{}-{:03}{}", whole.stem().string(), index, whole.extension().string()))
      .string();
}

}  // namespace janus::cli
