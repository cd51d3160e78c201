// The read_archive() of the program: it opens the module that has one.
#include "cli/sources/archive_module.h"
#include "core/base/shared_module.h"
#include "core/base/transient_error.h"

namespace janus::cli {

void read_archive(const std::string& path, const ArchiveVisitor& visitor) {
  static const SharedModule module = open_shared_module(kArchiveModule, kArchiveModuleEntry);
  if (module.entry == nullptr) {
    throw TransientError(fmt::format(
        "archive, {}: expected {}, which reads archives with libarchive, beside the program, found {}; "
        "unpack it, or install all of janus (built with JANUS_ARCHIVE=ON)",
        path, shared_module_file(kArchiveModule), module.fault));
  }
  decltype(&read_archive) read = nullptr;
  reinterpret_cast<decltype(&janus_archive_module)>(module.entry)(read);
  read(path, visitor);
}

}  // namespace janus::cli
