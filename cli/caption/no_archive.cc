#include "cli/caption/archive.h"
#include "core/base/error.h"

namespace janus::cli {

void read_archive(const std::string& path, const MemberVisitor&) {
  fail(
      "archive, {}: expected a build with libarchive, found one without; unpack it, or build janus with "
      "JANUS_ARCHIVE=ON",
      path);
}

}  // namespace janus::cli
