// Whole files the program reads itself. Images are read by vision/image_file.h, models by
// core/checkpoint/checkpoint.h.
#pragma once

#include <string>

#include "core/base/read_file.h"

namespace janus::cli {

// All bytes of a file; "-" is standard input. Throws Error that calls it `what` and names the path, also
// where it is larger than anything of that kind could be.
inline std::string read_input(const std::string& path, const std::string& what) {
  constexpr size_t kMostBytes = size_t{1} << 28;
  return read_file(path, what + ", " + path, kMostBytes);
}

}  // namespace janus::cli
