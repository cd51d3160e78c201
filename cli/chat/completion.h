// What the Tab key does in a conversation.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

struct Completion {
  std::string insert;                // goes behind the cursor
  std::vector<std::string> choices;  // all that fit, for people, where there are several
};

// Completes `line`, the text before the cursor: the name of a command, a path behind one that takes it, in
// the quotes that it was begun in, or the name of a setting (of `settings`).
Completion complete_line(const std::string& line, const std::vector<std::string>& settings);

}  // namespace janus::cli
