// The files of a folder and all folders below it.
#pragma once

#include <functional>
#include <string>

#include "cli/caption/name_filter.h"

namespace janus::cli {

struct WalkVisitor {
  std::function<bool(const std::string& path)> on_file;      // false ends the walk
  std::function<void(const std::string& message)> on_fault;  // a folder that cannot be read
};

// Calls on_file for what `filter` takes, in the order of names, one folder after another; holds the names of
// one folder on the way down at a time. Hidden ones are passed over; links to files are followed, links to
// folders not.
void walk_folder(const std::string& folder, const NameFilter& filter, const WalkVisitor& visitor);

}  // namespace janus::cli
