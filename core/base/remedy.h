// What a person can do about a fault of the system.
#pragma once

#include <string>

namespace janus {

// The remedy of an errno that fits its cause, where a file was to be written: "free space on its disk, or
// ...". `otherwise` ends each that leaves a choice ("choose another -o"), and is all there is for other
// causes.
std::string remedy_of(int fault, const std::string& otherwise);

// The same where a file was to be read. path: as it was given, where a file near it, a folder that is not
// there or an address of the web can be told; empty = unknown.
std::string reading_remedy_of(int fault, const std::string& path = {});

}  // namespace janus
