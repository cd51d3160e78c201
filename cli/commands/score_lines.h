// Scores of many questions, each with images and answers of its own: what benchmarks of understanding ask.
#pragma once

#include <string>

#include "cli/app/command.h"
#include "cli/commands/choices.h"
#include "vision/image_file.h"

namespace janus::cli {

struct LineScoring {
  std::string path;    // of the list; "-" is standard input
  std::string prompt;  // where a line has none
  ChooseBy by = ChooseBy::mean;
  bool special_tokens = false;
  int64_t pixel_limit = kUsualPixelLimit;
};

// Prints a line for each of the list, in its order: {"line", "item": the line's object, ...} with "scores" of
// its "texts", with choice_json() of its "choices", or with "error", and with what made it. Throws Error for
// a list with a line that is none, before the model is loaded.
Outcome score_lines(const LineScoring& scoring, const CommonOptions& common, Console& console);

}  // namespace janus::cli
