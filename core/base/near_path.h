// Which file somebody may have meant by a path at which nothing is.
#pragma once

#include <string>

namespace janus {

// The path with its first name that is not there put right, where a name beside it is near and the whole
// leads somewhere then: other letters of the alphabet's two cases, another ending or none, or a slip as
// near_name() takes it. Names that differ in their digits alone are other files, not slips. Empty where
// nothing is near.
std::string near_path(const std::string& path);

// The first folder of `path` that is not there; empty where only the last name is missing.
std::string missing_folder(const std::string& path);

}  // namespace janus
