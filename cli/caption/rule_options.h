// The options that say what is done to answers.
#pragma once

#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/caption/text_rules.h"

namespace janus::cli {

// The rules of one run as they are typed: of each option all values, in order.
struct RuleWords {
  std::vector<std::string> split, prefix, suffix, letters;
};
// Adds --split, --prefix, --suffix and --case.
void declare_rules(OptionSet& options, RuleWords& words);
// The rules of each of the questions, one empty name or several: NAME=VALUE counts for the question of that
// name, VALUE alone for all others; the last one of each. Throws UsageError.
std::vector<TextRules> read_rules(const RuleWords& words, const std::vector<std::string>& questions);

}  // namespace janus::cli
