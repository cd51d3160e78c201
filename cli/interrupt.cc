#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace janus::cli {
namespace {

// The handler may run on any thread, so lock-free atomics are all it touches.
std::atomic<int> held{0};
std::atomic<bool> came{false};
std::atomic<int> code{0};
std::atomic<bool> on_terminal{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

[[noreturn]] void end() {
  // The shell's prompt should not stand behind a half-drawn bar.
  if (on_terminal) (void)!write(STDERR_FILENO, "\n", 1);
  _exit(code);
}

void on_interrupt(int) {
  came = true;
  if (held == 0) end();
}

}  // namespace

void end_on_interrupt(int exit_code) {
  code = exit_code;
  on_terminal = isatty(STDERR_FILENO) != 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

InterruptHold::InterruptHold() {
  ++held;
  // One that came before the count rose is ending the process on another thread; do not start work it would
  // cut.
  if (came) end();
}

InterruptHold::~InterruptHold() {
  --held;
  if (held == 0 && came) end();
}

bool InterruptHold::pending() { return came; }

}  // namespace janus::cli
