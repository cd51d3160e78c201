#include "core/base/open_file.h"

#include <cerrno>
#include <chrono>
#include <thread>

namespace janus {

FileDescriptor open_file(const std::string& path, int flags, mode_t mode) {
  constexpr int kTries = 6;
  constexpr std::chrono::milliseconds kPause{200};
  for (int i = 1;; ++i) {
    FileDescriptor file(open(path.c_str(), flags | O_CLOEXEC, mode));
    const bool full = !file.is_open() && (errno == EMFILE || errno == ENFILE);
    if (!full || i == kTries) return file;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace janus
