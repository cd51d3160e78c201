// What may stand where an option or argument takes a value, for the scripts of `janus completion`.
#pragma once

#include <string>
#include <vector>

#include "cli/app/command.h"
#include "cli/app/options.h"

namespace janus::cli {

struct CompletionValue {
  std::vector<std::string> words = {};       // all that may be given
  bool list = false;                         // several of them, between commas
  bool models = false;                       // names that -m takes, asked of `janus list` at that moment
  bool cached = false;                       // those of the hub's cache alone, which can be removed
  bool devices = false;                      // asked of `janus --list-devices`
  bool files = false;                        // with `extensions`, or any
  bool folders = false;                      // folders alone
  std::vector<std::string> extensions = {};  // without their dot; empty = any
};

// commands: names of all of them, for `janus help`.
CompletionValue completion_value(const std::string& command, const OptionEntry& entry,
                                 const std::vector<std::string>& commands);

}  // namespace janus::cli
