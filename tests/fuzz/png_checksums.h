// A PNG dies of its first wrong checksum; right ones let damage reach its decoder.
#pragma once

#include <string>

namespace janus::fuzz {

// Gives the chunks of a PNG, as far as they are whole, the right checksums. False where none was wrong, and
// for what is no PNG.
bool mend_png_checksums(std::string& file);

}  // namespace janus::fuzz
