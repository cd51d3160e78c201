// What somebody may have meant by a word that is unknown.
#pragma once

#include <string>
#include <vector>

namespace janus {

// The name nearest to `word`, if it is near enough to be a slip: letters swapped, missing, wrong or too many.
// Empty otherwise.
std::string near_name(const std::string& word, const std::vector<std::string>& names);

}  // namespace janus
