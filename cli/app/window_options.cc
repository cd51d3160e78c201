#include "cli/app/window_options.h"

#include <fmt/format.h>

#include "generator/limits.h"

namespace janus::cli {
namespace {

constexpr IntRange kNumbers{.low = 1, .high = kWindows.high};
constexpr const char *kAuto = "auto", *kOff = "off";

Reader window_choice(int& target) {
  return {.take = [&target](const std::string& text) -> std::string {
            int64_t window = 0;
            if (text == kAuto) {
              window = kAutoWindow;
            } else if (text == kOff) {
              window = 1;
            } else if (!number(window, kNumbers).take(text).empty()) {
              return fmt::format("{}, {} or {}", kAuto, kOff, kNumbers.expected());
            }
            target = static_cast<int>(window);
            return {};
          },
          .range = fmt::format("{}, {} or {}", kAuto, kOff, kNumbers.text()),
          .default_value = target == kAutoWindow ? kAuto : fmt::format("{}", target),
          .choices = {kAuto, kOff}};
}

}  // namespace

void declare_parallel(OptionSet& options, int& target) {
  options.option(
      "--parallel", "W", window_choice(target),
      "codes that one pass reads, most of them guesses: {range}; changes the time alone, never the "
      "image");
}

void declare_draft(OptionSet& options, int& target) {
  options.option(
      "--draft", "W", window_choice(target),
      "words that one pass reads, most of them guesses from what was said before: {range}; changes "
      "the time alone, never the answer");
}

}  // namespace janus::cli
