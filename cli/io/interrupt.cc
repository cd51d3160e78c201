#include "cli/io/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "cli/io/console.h"

namespace janus::cli {
namespace {

// The handler may run on any thread, so lock-free atomics are all it touches.
std::atomic<int> held{0};
std::atomic<int> noticed{0};  // whether a first interrupt is only noted
std::atomic<int> came{0};     // interrupts so far
std::atomic<int> first{0};    // the signal that came first
std::atomic<int> terminal{-1};
static_assert(std::atomic<int>::is_always_lock_free);

[[noreturn]] void end() {
  // The shell's prompt should not stand behind a half-drawn bar.
  if (terminal >= 0) (void)!write(terminal, "\n", 1);
  _exit(128 + first);
}

bool due() { return came > (noticed > 0 ? 1 : 0); }

void on_interrupt(int signal) {
  int none = 0;
  first.compare_exchange_strong(none, signal);
  ++came;
  if (held == 0 && due()) end();
}

}  // namespace

void end_on_interrupt() {
  if (isatty(error_descriptor()) != 0) terminal = error_descriptor();
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction inherited {};
  sigaction(SIGHUP, nullptr, &inherited);
  if (inherited.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

InterruptHold::InterruptHold() {
  ++held;
  // One that came before the count rose is ending the process on another thread; do not start work it would
  // cut.
  if (due()) end();
}

InterruptHold::~InterruptHold() {
  --held;
  if (held == 0 && due()) end();
}

bool InterruptHold::pending() { return came > 0; }

InterruptNotice::InterruptNotice() { ++noticed; }

InterruptNotice::~InterruptNotice() {
  --noticed;
  if (held == 0 && due()) end();
}

bool InterruptNotice::came() const { return cli::came > 0; }

void InterruptNotice::obeyed() { cli::came = 0; }

}  // namespace janus::cli
