// Silence for libraries that print.
#pragma once

#include <span>
#include <string_view>

namespace janus {

// libjxl, dav1d and libde265, as Debian builds them, write lines about damaged files to stderr, and offer no
// hook for it (dav1d's is behind libheif). From here on these libraries, named without version ("libjxl.so"),
// hold another stream for stderr, which forgets what is written; the process's own stderr stays as it is.
// Does nothing for one that is not loaded, and on systems other than Linux on x86-64 and 64-bit Arm.
void silence_libraries(std::span<const std::string_view> names);

}  // namespace janus
