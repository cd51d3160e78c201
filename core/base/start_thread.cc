#include "core/base/start_thread.h"

#include <fmt/format.h>

#include "core/base/machine_fault.h"

namespace janus {

void fail_without_thread(const std::system_error& error) {
  throw MachineFault(fmt::format(
      "threads: expected another one, found: {}; close other programs, or raise the limits on processes and "
      "memory (ulimit -u, ulimit -v)",
      error.code().message()));
}

}  // namespace janus
