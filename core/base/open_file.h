// The one way to open files while many are open.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

#include "core/base/file_descriptor.h"

namespace janus {

// As open() with O_CLOEXEC; none, and errno, where that fails. Where this process or the machine has too many
// open files, tries again for a second: others may close some of theirs.
FileDescriptor open_file(const std::string& path, int flags, mode_t mode = 0);

}  // namespace janus
