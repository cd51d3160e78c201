#include "cli/io/terminal_width.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace janus::cli {
namespace {

std::optional<size_t> width_in_environment() {
  const char* columns = std::getenv("COLUMNS");
  if (columns == nullptr) return std::nullopt;
  const std::string_view text(columns);
  size_t width = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), width);
  const bool number = error == std::errc() && stop == text.data() + text.size() && width > 0;
  return number ? std::optional(width) : std::nullopt;
}

}  // namespace

std::optional<size_t> terminal_width(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

size_t help_width() {
  constexpr size_t kNarrowest = 20, kWidest = 120;
  std::optional<size_t> width = terminal_width(STDOUT_FILENO);
  if (!width) width = width_in_environment();
  return std::clamp(width.value_or(kUsualWidth), kNarrowest, kWidest);
}

}  // namespace janus::cli
