#include "cli/io/readable.h"

#include <fmt/format.h>

namespace janus::cli {

std::string readable_types(const std::map<std::string, int64_t>& types) {
  std::string text;
  for (const auto& [type, bytes] : types) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", type, readable_bytes(bytes));
  }
  return text;
}

}  // namespace janus::cli
