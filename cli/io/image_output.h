// Images the program writes.
#pragma once

#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/io/output_file.h"
#include "vision/image_file.h"

namespace janus::cli {

// The format that `path` asks for by its extension; PNG for "-". Throws UsageError, naming `option`, for an
// extension that this build cannot write.
ImageFormat output_image_format(const std::string& path, const std::string& option);

// Adds --quality, for commands that write images.
const OptionEntry& declare_quality(OptionSet& options, int64_t& target);
// Throws UsageError where the command line has --quality and none of the outputs at `paths`, empty ones left
// out, is of a format that it means something to.
void check_quality(const OptionEntry& option, const std::vector<std::string>& paths);

}  // namespace janus::cli
