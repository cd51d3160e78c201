// Patterns of paths that the program matches itself.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

bool is_pattern(const std::string& path);

// The paths that match, in the order of names. A part of the path that is there as it is spelled stands for
// itself, whatever characters it has; `*`, `?` and `[...]` in the others match names that do not begin with a
// dot, unless the part does.
std::vector<std::string> matches_of(const std::string& pattern);

}  // namespace janus::cli
