// The files of a folder and all folders below it.
#pragma once

#include <functional>
#include <string>

#include "cli/sources/name_filter.h"

namespace janus::cli {

struct WalkVisitor {
  std::function<bool(const std::string& path)> on_file;      // false ends the walk
  std::function<void(const std::string& message)> on_fault;  // a folder that cannot be read
  // A folder that is not entered, by what one and several are called and where it is.
  std::function<void(const std::string& one, const std::string& many, const std::string& path)>
      on_passed_over;
};

// Calls on_file for the files that `filter` chooses, in the order of names, one folder after another; holds
// the names of one folder on the way down at a time. Hidden names are passed over; links to files are
// followed, and those to nothing are files too; links to folders, and folders of other programs, are not
// entered.
void walk_folder(const std::string& folder, const NameFilter& filter, const WalkVisitor& visitor);

}  // namespace janus::cli
