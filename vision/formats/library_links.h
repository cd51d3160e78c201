// What loaded libraries find where they look up a symbol of another.
#pragma once

#include <string_view>

namespace janus {

// From here on the loaded library whose file name begins with `library` ("libjxl.so") finds `address` for its
// undefined symbol of that name; the rest of the process does not notice. For libraries that offer no hook
// for what has to be changed. Does nothing where the library is not loaded or does not use the symbol, and on
// systems other than Linux on x86-64 and 64-bit Arm.
void relink_library(std::string_view library, std::string_view symbol, const void* address);

}  // namespace janus
