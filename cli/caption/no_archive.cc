#include "cli/caption/archive.h"
#include "core/base/transient_error.h"

namespace janus::cli {

void read_archive(const std::string& path, const ArchiveVisitor&) {
  throw TransientError(fmt::format(
      "archive, {}: expected a build with libarchive, found one without; unpack it, or build janus with "
      "JANUS_ARCHIVE=ON",
      path));
}

}  // namespace janus::cli
