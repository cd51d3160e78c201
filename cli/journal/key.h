// Keys: what an image is called in records and from one run to the next.
#pragma once

#include <string>

#include "cli/journal/key_hash.h"

namespace janus::cli {

// The shortest path that leads to the same place: "a/b" for "./a//b/", "a/./b" and "c/../a/b". A ".." behind
// what is a link, or no folder, stays.
std::string clean_path(const std::string& path);

// The path itself; bytes of it that are no UTF-8, which JSON cannot hold, as \xff, and a backslash that would
// read as the beginning of such a one as \x5c. Names that differ in a byte have different keys.
std::string key_of_path(const std::string& path);
// The path that a key was made of, where a \xff in it stands for a byte.
std::string path_of_key(const std::string& key);

// One text for all keys that name the same file, however it is spelled: clean, and relative where it lies in
// the current folder (as the system or $PWD has that).
std::string identity_of_key(const std::string& key);

}  // namespace janus::cli
