// Faults of what a whole run stands on.
#pragma once

#include <cerrno>
#include <string>

#include "core/base/error.h"

namespace janus {

// An Error of the machine - no room on a disk, no memory, no more open files or threads, a disk that fails -
// or of a file or folder that the program had and that somebody changed. It is no item's own fault, and every
// later item would meet it too: a run over many ends with it, and records nothing of it.
class MachineFault : public Error {
 public:
  using Error::Error;
};

// Whether an errno tells of the machine, whichever file it came with. In the header for modules, which have
// nothing of core's.
constexpr bool is_machine_fault(int fault) {
  switch (fault) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // of ulimit -f, or of the file system
    case EROFS:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return true;
    default:
      return false;
  }
}

// Throws the Error of a call of the system: a MachineFault where `fault`, its errno, is one.
[[noreturn]] void fail_of_system(int fault, const std::string& message);

}  // namespace janus
