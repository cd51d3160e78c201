// Images the program writes.
#pragma once

#include <string>

#include "cli/io/output_file.h"
#include "vision/image_file.h"

namespace janus::cli {

// The format that `path` asks for by its extension; PNG for "-". Throws UsageError, naming `option`, for an
// extension that this build cannot write.
ImageFormat output_image_format(const std::string& path, const std::string& option);

}  // namespace janus::cli
