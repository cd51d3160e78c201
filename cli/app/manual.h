// What the program knows of its own command line, and the forms it tells it in: help, man pages, completions.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/app/options.h"

namespace janus::cli {

struct Manual {
  std::vector<Command> commands;
  std::deque<OptionSet> options;  // of each command, in the same order
  const OptionSet* common = nullptr;
};

// "-s" and "--seed"; one of them may be empty.
std::string short_name(const OptionEntry& entry);

// A man page, in the macros of man(7): of the program where `command` is null.
std::string man_page(const Manual& manual, const Command* command);
// A script that completes commands, options and their values. shell: bash, zsh or fish.
std::string completion_script(const Manual& manual, const std::string& shell);

// They read `manual` when they run, so it may still be filled, and must outlive them.
Command help_command(const Manual& manual);
Command completion_command(const Manual& manual);

}  // namespace janus::cli
