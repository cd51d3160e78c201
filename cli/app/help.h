// The texts of --help: examples first.
#pragma once

#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/app/options.h"

namespace janus::cli {

std::vector<std::string> program_examples();
// Whole lines about environment, files and exit codes.
std::string help_notes();
std::string program_help(const std::vector<Command>& commands, const OptionSet& common);
std::string command_help(const Command& command, const OptionSet& own, const OptionSet& common);

}  // namespace janus::cli
