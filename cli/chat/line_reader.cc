#include "cli/chat/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "core/base/error.h"

namespace janus::cli {
namespace {

constexpr size_t kLongestLine = size_t{1} << 20;

class PlainLines : public LineReader {
 public:
  std::optional<std::string> read(const std::string& prompt) override {
    if (isatty(STDIN_FILENO) != 0) (void)!write(STDERR_FILENO, prompt.data(), prompt.size());
    for (size_t end = rest_.find('\n'); true; end = rest_.find('\n')) {
      if (end != std::string::npos || ended_) break;
      char block[4096];
      const ssize_t size = ::read(STDIN_FILENO, block, sizeof block);
      if (size < 0 && errno == EINTR) continue;
      ended_ = size <= 0;
      if (size > 0) rest_.append(block, static_cast<size_t>(size));
      check(rest_.size() <= kLongestLine || rest_.find('\n') != std::string::npos,
            "standard input: expected lines of at most {} bytes, found a longer one; check what is sent",
            kLongestLine);
    }
    if (rest_.empty()) return std::nullopt;
    const size_t end = rest_.find('\n');
    std::string line = rest_.substr(0, end);
    rest_.erase(0, end == std::string::npos ? end : end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
  }

 private:
  std::string rest_;  // read and not yet asked for
  bool ended_ = false;
};

// $XDG_STATE_HOME/janus/chat_history, its folder made where it is missing; empty where it cannot be had.
std::string history_file() {
  const char* folder = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path path;
  if (folder != nullptr && *folder == '/') {
    path = folder;
  } else if (home != nullptr && *home == '/') {
    path = std::filesystem::path(home) / ".local" / "state";
  } else {
    return {};
  }
  std::error_code fault;
  std::filesystem::create_directories(path / "janus", fault);
  return fault ? "" : (path / "janus" / "chat_history").string();
}

}  // namespace

std::unique_ptr<LineReader> open_line_reader() {
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
    if (std::unique_ptr<LineReader> reader = editing_line_reader(history_file())) return reader;
  }
  return std::make_unique<PlainLines>();
}

}  // namespace janus::cli
