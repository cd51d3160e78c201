#include "cli/app/number_slip.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/strip.h"

namespace janus::cli {
namespace {

constexpr std::string_view kDigits = "0123456789";

// Whether digits stand in groups of three behind each `mark`: 1,000,000.
bool is_grouped(std::string_view text, char mark) {
  size_t at = text.find(mark);
  if (at == text.npos || at == 0 || at > 3) return false;
  for (; at != text.npos; at = text.find(mark, at + 1)) {
    const size_t end = std::min(text.find(mark, at + 1), text.size());
    if (end - at != 4 || text.substr(at + 1, 3).find_first_not_of(kDigits) != text.npos) return false;
  }
  return true;
}

std::string without(std::string text, char mark) {
  std::erase(text, mark);
  return text;
}

// A decimal point and no marks between thousands.
std::string plain(std::string text) {
  for (const char mark : {',', '\'', '_', ' '}) {
    if (is_grouped(text, mark)) return without(std::move(text), mark);
  }
  if (std::count(text.begin(), text.end(), ',') == 1 && text.find('.') == text.npos)
    text[text.find(',')] = '.';
  return text;
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<uint64_t> hexadecimal(const std::string& text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::vector<std::string> likely_numbers(const std::string& typed) {
  std::string text(strip(typed));
  if (const auto number = hexadecimal(text)) return {fmt::format("{}", *number)};
  if (text.starts_with('+') || text.starts_with('=')) text.erase(0, 1);  // -n=5 gives "=5"
  const size_t end = text.find_last_of(kDigits);
  if (end == text.npos || text.find_first_of(kDigits) > 1) return {};
  const std::string unit(strip(std::string_view(text).substr(end + 1)));
  const std::optional<double> number = number_of(plain(text.substr(0, end + 1)));
  if (!number) return {};
  std::vector<std::string> likely;
  if (unit == "%") likely.push_back(fmt::format("{}", *number / 100));
  if (unit == "k" || unit == "K") likely.push_back(fmt::format("{}", *number * 1000));
  // Without a unit, and as it is written, it is what was refused.
  likely.push_back(fmt::format("{}", *number));
  return likely;
}

}  // namespace janus::cli
