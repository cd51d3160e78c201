#include "cli/io/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/app/command.h"
#include "cli/io/last_line.h"
#include "cli/io/safe_text.h"
#include "cli/io/terminal_width.h"
#include "core/base/json_line.h"
#include "core/base/remedy.h"
#include "core/base/write_all.h"

namespace janus::cli {
namespace {

// Nobody can be told that standard error is gone.
void write_error(std::string_view text) {
  (void)write_all(error_descriptor(), std::as_bytes(std::span(text)));
}

bool terminal_draws_bars() {
  const char* term = std::getenv("TERM");
  bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  return isatty(error_descriptor()) != 0 && !dumb;
}

std::atomic<bool> errors_as_json{false};

std::string object_of(const char* key, std::string_view text) {
  const OrderedJson object{{key, std::string(text)}};
  return to_line(object) + "\n";
}

}  // namespace

int error_descriptor() {
  static const int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return kept >= 0 ? kept : STDERR_FILENO;
}

void print_error(std::string_view text) {
  write_error(errors_as_json ? object_of("error", text) : "janus: " + one_line(text) + "\n");
}

void print_errors_as_json() {
  errors_as_json = true;
  tell_last_line_as_json();
}

Console::Console(bool quiet, bool verbose)
    : quiet_(quiet),
      verbose_(verbose),
      bars_(!quiet && terminal_draws_bars()),
      results_on_terminal_(isatty(STDOUT_FILENO) != 0) {}

void Console::result(std::string_view text) {
  const std::string safe = results_on_terminal_ ? safe_text(text) : std::string();
  result(std::as_bytes(std::span(results_on_terminal_ ? std::string_view(safe) : text)));
}

void Console::result(std::span<const std::byte> bytes) {
  std::lock_guard lock(mutex_);
  if (results_on_terminal_) clear_bar_locked();
  int fault = write_all(STDOUT_FILENO, bytes);
  if (fault == EPIPE) throw ClosedPipe();
  if (fault == 0) return;
  throw OutputFailure(fmt::format("output, standard output: expected to write {} bytes, found: {}; {}",
                                  bytes.size(), std::strerror(fault),
                                  remedy_of(fault, "redirect it to another file")));
}

void Console::notice(std::string_view text) {
  if (quiet_) return;
  std::lock_guard lock(mutex_);
  clear_bar_locked();
  write_error(json_progress_ ? object_of("notice", text) : one_line(text) + "\n");
}

void Console::detail(std::string_view text) {
  if (verbose_) notice(text);
}

void Console::progress_object(std::string_view json) {
  if (quiet_) return;
  std::lock_guard lock(mutex_);
  write_error(std::string(json) + "\n");
}

void Console::error(std::string_view text) {
  std::lock_guard lock(mutex_);
  clear_bar_locked();
  print_error(text);
}

size_t Console::bar_width() { return terminal_width(error_descriptor()).value_or(kUsualWidth) - 1; }

size_t Console::result_width() const {
  return results_on_terminal_ ? terminal_width(STDOUT_FILENO).value_or(kUsualWidth) : 0;
}

void Console::draw_bar(std::string_view text) {
  if (!bars_) return;
  std::lock_guard lock(mutex_);
  write_error("\r" + one_line(text) + "\x1b[K");
  bar_drawn_ = true;
}

void Console::clear_bar() {
  std::lock_guard lock(mutex_);
  clear_bar_locked();
}

void Console::clear_bar_locked() {
  if (bar_drawn_) write_error("\r\x1b[K");
  bar_drawn_ = false;
}

}  // namespace janus::cli
