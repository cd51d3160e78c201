// The texts of --help: examples first, wrapped at the width of whoever reads them.
#pragma once

#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/app/options.h"

namespace janus::cli {

std::vector<std::string> program_examples();
// Paragraphs about environment, files and exit codes.
std::string help_notes();
// What `janus` alone says: what it is, three examples, and where help is.
std::string welcome();
std::string program_help(const std::vector<Command>& commands);
std::string command_help(const Command& command, const OptionSet& own, const OptionSet& common);
// The options that commands share, told here and nowhere else, and help_notes().
std::string options_help(const OptionSet& common);

}  // namespace janus::cli
