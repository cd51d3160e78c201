// Runs the program as a user does: arguments, environment and standard input in; exit code and both streams
// out.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/base/read_file.h"
#include "vision/image_file.h"

namespace janus::test {

struct Result {
  int code = -1;  // exit code; 128 + the signal's number for a process that a signal ended
  std::string out, err;
  int64_t peak_bytes = 0;  // of memory
};

struct Surroundings {
  std::string input = {};                               // of standard input
  std::map<std::string, std::string> environment = {};  // added to a clean one
  const char* output_file = nullptr;                    // standard output goes there in place of Result::out
  bool close_output = false;                            // the reader of standard output goes away at once
  std::string program = JANUS_PROGRAM;
  std::string folder = {};  // in which it runs; empty = that of the tests
};

// A small model with tokenizer.json, so that it works in every build.
inline const std::string kModel = std::string(JANUS_TEST_DATA) + "/models/tied-mixed";
inline constexpr int kModelSide = 16;   // pixels of its images
inline constexpr int kModelCodes = 64;  // codes of its images

// The program while it runs.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, const Surroundings& around = {})
      : input_(around.input) {
    std::array<int, 2> in{}, out{}, err{};
    for (auto* ends : {&in, &out, &err}) EXPECT_EQ(pipe2(ends->data(), O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(around.output_file != nullptr ? open(around.output_file, O_WRONLY) : out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      start(arguments, around);
    }
    for (int end : {in[0], out[1], err[1]}) close(end);
    in_ = in[1];
    out_ = out[0];
    err_ = err[0];
    if (around.close_output) {
      close(out_);
      out_ = -1;
    }
  }

  void interrupt() const { kill(pid_, SIGINT); }
  void send(int signal) const { kill(pid_, signal); }
  void end_at_once() const { kill(pid_, SIGKILL); }

  // Feeds standard input, collects both streams and waits for the end; ends the process after a minute.
  Result finish() {
    Result result;
    signal(SIGPIPE, SIG_IGN);
    constexpr int kPatience_ms = 60000;
    while (out_ >= 0 || err_ >= 0) {
      std::array<pollfd, 3> ends{{{in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}}};
      if (poll(ends.data(), ends.size(), kPatience_ms) <= 0) {
        ADD_FAILURE() << "the program did not end";
        kill(pid_, SIGKILL);
        break;
      }
      if (ends[0].revents != 0) feed();
      if (ends[1].revents != 0) drain(out_, result.out);
      if (ends[2].revents != 0) drain(err_, result.err);
    }
    for (int end : {in_, out_, err_}) {
      if (end >= 0) close(end);
    }
    int status = 0;
    rusage usage{};
    wait4(pid_, &status, 0, &usage);
    result.peak_bytes = int64_t{usage.ru_maxrss} * 1024;
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
  }

 private:
  [[noreturn]] static void start(const std::vector<std::string>& arguments, const Surroundings& around) {
    std::vector<std::string> words{around.program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> settings{"PATH=/usr/bin:/bin"};
    if (!around.environment.contains("JANUS_THREADS")) settings.emplace_back("JANUS_THREADS=1");
    // The settings of whoever runs the tests are not theirs.
    const bool own = around.environment.contains("HOME") || around.environment.contains("XDG_CONFIG_HOME");
    if (!own && !around.environment.contains("JANUS_CONFIG_FILE"))
      settings.emplace_back("JANUS_CONFIG_FILE=");
    for (const auto& [name, value] : around.environment) settings.push_back(name + "=" + value);
    std::vector<char*> argv, envp;
    if (!around.folder.empty() && chdir(around.folder.c_str()) != 0) _exit(126);
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& setting : settings) envp.push_back(setting.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }

  void feed() {
    ssize_t written = input_.empty() ? 0 : write(in_, input_.data(), std::min<size_t>(input_.size(), 4096));
    if (written > 0) input_.erase(0, static_cast<size_t>(written));
    if (written >= 0 && !input_.empty()) return;
    close(in_);
    in_ = -1;
  }

  static void drain(int& end, std::string& text) {
    std::array<char, 65536> block{};
    ssize_t size = read(end, block.data(), block.size());
    if (size > 0) {
      text.append(block.data(), static_cast<size_t>(size));
    } else {
      close(end);
      end = -1;
    }
  }

  std::string input_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
};

inline Result run(const std::vector<std::string>& arguments, const Surroundings& around = {}) {
  return Process(arguments, around).finish();
}

// The same with the small model.
inline Result run_model(std::vector<std::string> arguments, const Surroundings& around = {}) {
  arguments.insert(arguments.end(), {"-m", kModel});
  return run(arguments, around);
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Exactly one line, of the form every error has.
inline void expect_one_error(const std::string& err) {
  ASSERT_EQ(lines_of(err).size(), 1U) << err;
  EXPECT_EQ(err.rfind("janus: ", 0), 0U) << err;
  EXPECT_EQ(err.back(), '\n') << err;
}

inline std::string read_file(const std::string& path) {
  return janus::read_file(path, path, size_t{1} << 30);
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A folder of its own for each test, gone afterwards.
class InFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "janus-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // Names of what lies in the folder, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // Writes a PNG of one colour with a darker corner.
  std::string image_file(const std::string& name, int width = 40, int height = 30, uint8_t red = 200) const {
    Image image{.width = width, .height = height, .pixels = {}};
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        bool corner = x < width / 2 && y < height / 2;
        image.pixels.insert(image.pixels.end(),
                            {corner ? uint8_t{20} : red, 90, static_cast<uint8_t>(x * 4)});
      }
    }
    std::vector<std::byte> file = encode_image(image, ImageFormat::png);
    write_file(path(name), {reinterpret_cast<const char*>(file.data()), file.size()});
    return path(name);
  }

  std::string folder_;
};

}  // namespace janus::test
