// Log-probabilities of answers about many images, or of several answers about one.
#pragma once

#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/sources/settings.h"

namespace janus::cli {

struct TextScoring {
  SourceSettings sources;
  std::vector<std::string> texts;  // each scored as the answer
  std::string prompt;
  bool special_tokens = false;
};

// Prints a line an image, as they are listed: {"path", "key", "scores": [{"text", "ids", "logprobs",
// "total"}, ...]}, an entry for each text, or {"path", "key", "error"}. Each is what the image gives alone.
Outcome score_texts(TextScoring& scoring, const CommonOptions& common, Console& console);

}  // namespace janus::cli
