// Lines that a person types, or a pipe delivers.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace janus::cli {

class LineReader {
 public:
  virtual ~LineReader() = default;
  // The next line without its end; nothing at the end of the input.
  virtual std::optional<std::string> read(const std::string& prompt) = 0;
};

// With line editing and a history that outlives the program, where standard input is a terminal and the build
// has libedit; plain lines otherwise, and the prompt on standard error where that is a terminal.
std::unique_ptr<LineReader> open_line_reader();

// The one with line editing; null in a build without libedit. Which build of it is linked, libedit_lines.cc
// or plain_lines.cc, is decided in cli/CMakeLists.txt. history: a file, empty = none.
std::unique_ptr<LineReader> editing_line_reader(const std::string& history);

}  // namespace janus::cli
