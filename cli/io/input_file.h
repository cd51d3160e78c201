// Whole files the program reads itself. Pictures are read by vision/image_file.h, models by
// core/checkpoint/checkpoint.h.
#pragma once

#include <string>

namespace janus::cli {

// All bytes of a file; "-" is standard input. Throws Error that calls it `what` and names the path, also
// where it is larger than anything of that kind could be.
std::string read_input(const std::string& path, const std::string& what);

}  // namespace janus::cli
