// The images of an archive, by the rules of folders.
#pragma once

#include <string>

#include "cli/sources/name_filter.h"
#include "cli/sources/sources.h"

namespace janus::cli {

// False if the visitor ended the listing.
bool list_archive(const std::string& path, const NameFilter& filter, const SourceVisitor& visitor);

}  // namespace janus::cli
