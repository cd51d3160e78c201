// `janus serve` as a user or a service manager starts it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/program.h"
#include "tests/serve/raw_client.h"

namespace janus::test {

class ServeProcess {
 public:
  // in_child: called in the new process before the program starts.
  explicit ServeProcess(std::vector<std::string> arguments, const std::function<void()>& in_child = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "janus-serve-XXXXXX").string();
    const int log = mkstemp(name.data());
    log_ = name;
    arguments.insert(arguments.begin(), {JANUS_PROGRAM, "serve"});
    pid_ = fork();
    if (pid_ == 0) {
      dup2(log, STDOUT_FILENO);
      dup2(log, STDERR_FILENO);
      setenv("JANUS_CONFIG_FILE", "", 1);
      setenv("JANUS_THREADS", "1", 1);
      if (in_child) in_child();
      std::vector<char*> words;
      for (std::string& word : arguments) words.push_back(word.data());
      words.push_back(nullptr);
      execv(words[0], words.data());
      _exit(127);
    }
    close(log);
  }
  ~ServeProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove(log_);
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  // The port that it says it listens at; 0 where it ends first.
  int port() {
    constexpr int kTries = 2'000;
    for (int i = 0; i < kTries && port_ == 0 && runs(); ++i) {
      const std::string text = log();
      const size_t line = text.find("janus serve: http");
      const size_t end = text.find('\n', line);
      if (line != std::string::npos && end != std::string::npos) {
        port_ = std::atoi(text.c_str() + text.rfind(':', end) + 1);
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
    return port_;
  }
  // Whether /health says 200 within the time.
  bool is_well() {
    constexpr int kTries = 1'000;
    for (int i = 0; i < kTries && port() != 0; ++i) {
      if (ask_raw(port(), get("/health")).status() == 200) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  void send(int signal) const { kill(pid_, signal); }
  pid_t pid() const { return pid_; }
  // Its exit code, or 128 + a signal's number.
  int wait() {
    if (pid_ > 0) {
      int status = 0;
      waitpid(pid_, &status, 0);
      note(status);
    }
    return code_;
  }
  bool runs() {
    int status = 0;
    if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) note(status);
    return pid_ > 0;
  }
  std::string log() const { return read_file(log_); }

 private:
  void note(int status) {
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
  }

  std::string log_;
  pid_t pid_ = -1;
  int port_ = 0, code_ = -1;
};

}  // namespace janus::test
