// Paths given where a prompt is expected.
#pragma once

#include <string>

namespace janus::cli {

// Throws Error where `prompt` is the path of a list or of a picture that is there: it would be drawn as
// words.
void check_no_path(const std::string& prompt);

}  // namespace janus::cli
