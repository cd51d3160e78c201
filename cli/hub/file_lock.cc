#include "cli/hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "cli/hub/cache.h"
#include "core/base/error.h"

namespace janus::hub {

FileLock::FileLock(std::string path)
    : path_(std::move(path)), file_(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (!file_.is_open()) refuse("a file that can be written");
}

bool FileLock::try_lock() {
  if (flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) refuse("a lock on it");
  return false;
}

bool FileLock::wait(const std::atomic<bool>& stop) {
  // Asked for again and again, because nothing else wakes a thread that waits for the kernel's.
  constexpr std::chrono::milliseconds kPause{50};
  while (!stop) {
    if (try_lock()) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

void FileLock::refuse(const char* expected) const {
  fail("{}: expected {}, found {}; {}", path_, expected, std::strerror(errno), kElsewhere);
}

}  // namespace janus::hub
