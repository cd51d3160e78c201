// What janus caption asks about each image: one question, or several with names.
#pragma once

#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/caption/rule_options.h"
#include "cli/caption/settings.h"

namespace janus::cli {

// As it is typed, before it is known to make sense.
struct QuestionWords {
  std::string prompt, prompt_file, style;
  std::vector<std::string> asks;
  RuleWords rules;
  const OptionEntry *prompt_option = nullptr, *prompt_file_option = nullptr, *style_option = nullptr,
                    *asks_option = nullptr;

  // To be asked once the options are read: leaves the one way of asking that counts. One on the command line
  // outdoes those in the environment or the user's settings. Throws UsageError where several are meant.
  void settle();
};

// Adds --prompt, --prompt-file, --style, --ask, and what is done to the answers.
void declare_questions(OptionSet& options, QuestionWords& words);

// The questions, and the rules for their answers. Throws UsageError, and Error for a file without a question.
std::vector<Ask> read_questions(const QuestionWords& words);

}  // namespace janus::cli
