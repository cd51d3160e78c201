#include "cli/app/question_style.h"

#include <fmt/format.h>

#include <array>

namespace janus::cli {
namespace {

struct Style {
  const char *name, *prompt;
};
constexpr std::array<Style, 5> kStyles{
    {{"short", "Describe this image in one short sentence."},
     {"detailed",
      "Describe this image in detail: what it shows, the colours, where things stand, the background and the "
      "light."},
     {"tags",
      "List tags for this image, single words or short phrases separated by commas, the most "
      "important first."},
     {"alt-text",
      "Write alternative text for this image as a web page carries it for people who cannot see it: one or "
      "two plain sentences, without the words image or picture."},
     {"ocr", "Write out all text that can be read in this image, line by line, and nothing else."}}};

}  // namespace

std::vector<std::string> question_styles() {
  std::vector<std::string> names;
  for (const Style& style : kStyles) names.emplace_back(style.name);
  return names;
}

std::string prompt_of_style(const std::string& style) {
  for (const Style& known : kStyles) {
    if (style == known.name) return known.prompt;
  }
  return {};
}

std::string style_notes() {
  std::string text = "Styles, and the question each asks:\n";
  for (const Style& style : kStyles) text += fmt::format("  {:<26} {}\n", style.name, style.prompt);
  return text;
}

}  // namespace janus::cli
