// Where the program keeps what it remembers from one run to the next.
#pragma once

#include <string>

namespace janus::cli {

// $XDG_STATE_HOME/janus, or ~/.local/state/janus; empty where neither variable holds an absolute path. Need
// not be there.
std::string state_folder();

}  // namespace janus::cli
