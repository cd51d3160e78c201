#include "cli/chat/interrupt_watch.h"

#include <atomic>

namespace janus::cli {
namespace {

constexpr int kPatience = 5;

std::atomic<int> interrupts{0};
std::atomic<bool> passes{false};
struct sigaction elsewhere {};  // what Ctrl-C does where no watch lives
static_assert(std::atomic<int>::is_always_lock_free);

void on_interrupt(int signal) {
  if ((++interrupts >= kPatience || passes) && elsewhere.sa_handler != nullptr) elsewhere.sa_handler(signal);
}

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupts = 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &before_);
  if (before_.sa_handler != on_interrupt) elsewhere = before_;
}

InterruptWatch::~InterruptWatch() { sigaction(SIGINT, &before_, nullptr); }

void InterruptWatch::pass_on(bool pass) {
  interrupts = 0;
  passes = pass;
}

bool InterruptWatch::came() const { return interrupts > 0; }

}  // namespace janus::cli
