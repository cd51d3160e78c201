// Lines that a person types, or a pipe delivers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/chat/completion.h"

namespace janus::cli {

// How a line ended, and its text: without its end, or what Ctrl-C cleared.
struct TypedLine {
  enum class End { entered, interrupted, input_ended };
  End end = End::input_ended;
  std::string text = {};
};

class LineReader {
 public:
  // What Tab inserts or offers behind this text.
  using Completer = std::function<Completion(const std::string& before_cursor)>;

  virtual ~LineReader() = default;
  // The next line. Where a person types it, Ctrl-C is noted and ends nothing (InterruptWatch) from the end of
  // the line until the next one is asked for.
  virtual TypedLine read(const std::string& prompt) = 0;
};

// With line editing and a history that outlives the program, where standard input is a terminal and the build
// has libedit; plain lines otherwise, and the prompt on standard error where that is a terminal.
std::unique_ptr<LineReader> open_line_reader(LineReader::Completer completer);

// The one with line editing; null in a build without libedit. Which build of it is linked, libedit_lines.cc
// or plain_lines.cc, is decided in cli/CMakeLists.txt. history: a file, empty = none.
std::unique_ptr<LineReader> editing_line_reader(const std::string& history, LineReader::Completer completer);

}  // namespace janus::cli
