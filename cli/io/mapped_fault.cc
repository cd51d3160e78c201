#include "cli/io/mapped_fault.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string_view>

#include "cli/io/console.h"
#include "core/base/control_chars.h"
#include "core/base/mapped_file.h"
#include "core/base/utf8.h"

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
  constexpr size_t kRest = 160, kLongestChar = 4;
  for (std::string_view rest(path); !rest.empty() && length < sizeof line - kRest - kLongestChar;) {
    const Utf8Char next = utf8_front(rest);
    const bool shows =
        next.well_formed && !is_control(next.code_point) && !turns_or_ends_lines(next.code_point);
    if (!shows) line[length++] = '?';
    for (size_t i = 0; shows && i < next.length; ++i) line[length++] = rest[i];
    rest.remove_prefix(next.length);
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
