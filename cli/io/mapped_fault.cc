#include "cli/io/mapped_fault.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "cli/io/console.h"
#include "core/base/mapped_file.h"

namespace janus::cli {
namespace {

std::atomic<int> code{1};
std::atomic<bool> ending{false};

// The line is put together without memory of the heap, and written by one call.
void on_bus_error(int, siginfo_t* info, void*) {
  const char* path = mapped_path_at(info->si_addr);
  if (path == nullptr) {  // a fault of another kind: the instruction faults again, as without this
    signal(SIGBUS, SIG_DFL);
    return;
  }
  // Several threads may read the file: the first one speaks.
  while (ending.exchange(true)) pause();
  char line[1024] = "";
  size_t length = 0;
  const auto add = [&](const char* text) {
    for (; *text != '\0' && length < sizeof line; ++text) line[length++] = *text;
  };
  if (isatty(error_descriptor()) != 0) add("\r\x1b[K");  // a bar may stand there
  add("janus: ");
  for (; *path != '\0' && length < sizeof line - 160; ++path) {
    const auto byte = static_cast<unsigned char>(*path);
    line[length++] = byte < 0x20 || byte == 0x7f ? '?' : *path;
  }
  add(": expected the file to stay as it was opened, found it cut short, or its disk unreadable; restore the "
      "file and start again\n");
  (void)!write(error_descriptor(), line, length);
  _exit(code);
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
