#include "cli/io/mapped_fault.h"

#include <signal.h>

#include <atomic>

#include "cli/io/last_line.h"
#include "core/base/mapped_file.h"

namespace janus::cli {
namespace {

std::atomic<int> code{1};

void on_bus_error(int, siginfo_t* info, void*) {
  // One that a process has sent has no address.
  const bool sent = info->si_code <= 0;
  const char* path = sent ? nullptr : mapped_path_at(info->si_addr);
  if (path == nullptr) {
    // A fault of another kind ends the process as without this: the instruction faults again.
    signal(SIGBUS, SIG_DFL);
    if (sent) raise(SIGBUS);
    return;
  }
  end_with_line({path,
                 ": expected the file to stay as it was opened, found it cut short, or its disk "
                 "unreadable; restore the file and start again"},
                code);
}

}  // namespace

void end_on_mapped_fault(int exit_code) {
  code = exit_code;
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace janus::cli
