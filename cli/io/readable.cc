#include "cli/io/readable.h"

#include <fmt/format.h>

namespace janus::cli {

std::string readable_bytes(int64_t bytes) {
  if (bytes >= 1'000'000'000) return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string readable_types(const std::map<std::string, int64_t>& types) {
  std::string text;
  for (const auto& [type, bytes] : types) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", type, readable_bytes(bytes));
  }
  return text;
}

}  // namespace janus::cli
