#include "cli/chat/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "cli/chat/interrupt_watch.h"
#include "cli/io/state_folder.h"
#include "core/base/error.h"
#include "core/base/remedy.h"

namespace janus::cli {
namespace {

constexpr size_t kLongestLine = size_t{1} << 20;

class PlainLines : public LineReader {
 public:
  TypedLine read(const std::string& prompt) override {
    const bool terminal = isatty(STDIN_FILENO) != 0;
    watch_.reset();
    if (terminal) {
      watch_.emplace();
      (void)!write(STDERR_FILENO, prompt.data(), prompt.size());
    }
    for (size_t end = rest_.find('\n'); true; end = rest_.find('\n')) {
      if (end != std::string::npos || ended_) break;
      if (watch_ && !has_input(*watch_)) return {TypedLine::End::interrupted, std::exchange(rest_, {})};
      char block[4096];
      const ssize_t size = ::read(STDIN_FILENO, block, sizeof block);
      if (size < 0 && errno == EINTR) continue;
      const int fault = size < 0 ? errno : 0;
      // A terminal that is gone is the end of what is typed there.
      check(fault == 0 || fault == EIO, "standard input: expected lines, found: {}; {}", std::strerror(fault),
            reading_remedy_of(fault));
      ended_ = size <= 0;
      if (size > 0) rest_.append(block, static_cast<size_t>(size));
      check(rest_.size() <= kLongestLine || rest_.find('\n') != std::string::npos,
            "standard input: expected lines of at most {} bytes, found a longer one; check what is sent",
            kLongestLine);
    }
    if (rest_.empty()) {
      if (watch_) (void)!write(STDERR_FILENO, "\n", 1);
      watch_.reset();
      return {};
    }
    const size_t end = rest_.find('\n');
    TypedLine line{TypedLine::End::entered, rest_.substr(0, end)};
    rest_.erase(0, end == std::string::npos ? end : end + 1);
    if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
    return line;
  }

 private:
  // Waits for input. False where Ctrl-C comes first; the terminal has then dropped what stood in its line.
  static bool has_input(const InterruptWatch& watch) {
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    bool ready = false;
    while (!ready && !watch.came()) {
      pollfd input{STDIN_FILENO, POLLIN, 0};
      ready = ppoll(&input, 1, nullptr, &before) > 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!ready) (void)!write(STDERR_FILENO, "\n", 1);
    return ready;
  }

  std::optional<InterruptWatch> watch_;
  std::string rest_;  // read and not yet asked for
  bool ended_ = false;
};

// The file of what was typed, its folder made where it is missing; empty where it cannot be had.
std::string history_file() {
  const std::string folder = state_folder();
  std::error_code fault;
  if (!folder.empty()) std::filesystem::create_directories(folder, fault);
  return folder.empty() || fault ? "" : folder + "/chat_history";
}

}  // namespace

std::unique_ptr<LineReader> open_line_reader(LineReader::Completer completer) {
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
    if (auto reader = editing_line_reader(history_file(), std::move(completer))) return reader;
  }
  return std::make_unique<PlainLines>();
}

}  // namespace janus::cli
