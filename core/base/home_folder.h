// The user's home folder, and paths that begin with one.
#pragma once

#include <string>

namespace janus {

// $HOME, or else what the system's table of users says; empty where neither says anything. Not for several
// threads at a time.
std::string home_folder();

// `~`, `~/x` and `~name/x` with the home folder in place of the first part, as a shell has it: settings files
// and quoted words never pass through one. Anything else, and a user whom the system does not know, is
// returned as it is.
std::string expand_home(const std::string& path);

}  // namespace janus
