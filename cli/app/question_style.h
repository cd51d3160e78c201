// Questions for common wishes, for every command that asks about images.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

// "short", "detailed", "tags", "alt-text", "ocr".
std::vector<std::string> question_styles();
// The question a style stands for.
std::string prompt_of_style(const std::string& style);
// One line a style with its question, for --help.
std::string style_notes();

}  // namespace janus::cli
