// Slips in the words of a command line, and what to say of them.
#pragma once

#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/app/options.h"

namespace janus::cli {

// "did you mean --seed?", or where to look: "see janus --help".
std::string advice(const std::string& word, const std::vector<std::string>& names, const std::string& help);

// The words behind the program's name, and the options that they are to be read by.
struct TypedWords {
  const std::vector<std::string>& words;
  const OptionSet& own;  // of the command
  const OptionSet& common;
};

// The first of `words` that is neither an option nor the value of a common one; empty where there is none.
std::string command_word(const std::vector<std::string>& words, const OptionSet& common);

// Before the words are read. Throws UsageError where an option lacks its value, because the words end or
// another option stands in its place, and where one dash stands before a long name: -seed.
void check_words(const TypedWords& typed);

// The message of `surplus`, words that no option or argument takes.
std::string unexpected(const std::vector<std::string>& surplus, const TypedWords& typed,
                       const Command& command);

}  // namespace janus::cli
