// Runs the program on a pseudo-terminal, as a person sees it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace janus::test {

class Terminal {
 public:
  // Whether this machine has any; a container without /dev/pts has none.
  static bool available() {
    int end = -1, other = -1;
    if (openpty(&end, &other, nullptr, nullptr, nullptr) != 0) return false;
    close(end);
    close(other);
    return true;
  }

  explicit Terminal(const std::vector<std::string>& arguments,
                    std::map<std::string, std::string> environment = {}, unsigned short columns = 100,
                    const std::string& program = JANUS_PROGRAM) {
    winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&end_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      environment.emplace("PATH", "/usr/bin:/bin");
      environment.emplace("TERM", "xterm");
      environment.emplace("JANUS_THREADS", "1");
      std::vector<std::string> words{program}, settings;
      words.insert(words.end(), arguments.begin(), arguments.end());
      for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
      std::vector<char*> argv, envp;
      for (std::string& word : words) argv.push_back(word.data());
      for (std::string& setting : settings) envp.push_back(setting.data());
      argv.push_back(nullptr);
      envp.push_back(nullptr);
      execve(argv[0], argv.data(), envp.data());
      _exit(127);
    }
  }
  ~Terminal() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (end_ >= 0) close(end_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // The signal alone that closing its window sends.
  void hang_up() const { kill(pid_, SIGHUP); }
  // Closes its window: the signal comes, and nothing can be written any more. -> as finish().
  int close_window() {
    close(std::exchange(end_, -1));
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void terminate() const { kill(pid_, SIGTERM); }

  void type(const std::string& keys) { EXPECT_EQ(write(end_, keys.data(), keys.size()), std::ssize(keys)); }

  // Reads until `text` appears behind what was waited for before; false after a minute, or at the end.
  bool wait_for(const std::string& text) {
    for (size_t at = 0; true;) {
      at = shown_.find(text, seen_);
      if (at != std::string::npos) {
        seen_ = at + text.size();
        return true;
      }
      if (!read_some()) return false;
    }
  }
  // Reads until anything visible appears behind what was waited for.
  bool wait_for_anything() {
    while (shown_.find_first_not_of(" \r\n", seen_) == std::string::npos) {
      if (!read_some()) return false;
    }
    return true;
  }
  // Reads to the end. -> the exit code, 128 + the signal's number; a program silent for a minute is killed.
  int finish() {
    while (read_some()) {
    }
    if (silent_) kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // All that appeared, control sequences included.
  const std::string& shown() const { return shown_; }

 private:
  bool read_some() {
    constexpr int kPatience_ms = 60000;
    pollfd waiting{end_, POLLIN, 0};
    silent_ = poll(&waiting, 1, kPatience_ms) <= 0;
    if (silent_) return false;
    std::array<char, 4096> block{};
    const ssize_t size = read(end_, block.data(), block.size());
    if (size <= 0) return false;
    shown_.append(block.data(), static_cast<size_t>(size));
    return true;
  }

  int end_ = -1;
  pid_t pid_ = -1;
  std::string shown_;
  size_t seen_ = 0;
  bool silent_ = false;
};

}  // namespace janus::test
