#include "cli/hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/error.h"

namespace janus::hub {

FileLock::FileLock(std::string path)
    : path_(std::move(path)), file_(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (!file_.is_open()) refuse("a file that can be written");
}

bool FileLock::try_lock() {
  if (flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) refuse("a lock on it");
  return false;
}

void FileLock::wait() {
  while (flock(file_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) refuse("a lock on it");
  }
}

void FileLock::refuse(const char* expected) const {
  fail("{}: expected {}, found {}; free the space or the path, or set $HF_HOME to another disk", path_,
       expected, std::strerror(errno));
}

}  // namespace janus::hub
