// Lists of a line each: of prompts, of questions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace janus::cli {

struct TextLine {
  std::string text;    // without its end
  int64_t number = 0;  // from 1
  std::string where;   // "WHAT, PATH line NUMBER", for messages
};

// The lines of a file, read as read_text() does, that are not blank. Throws Error for more of them than a list
// that is held whole may have, a million.
std::vector<TextLine> read_text_lines(const std::string& path, const std::string& what);

}  // namespace janus::cli
