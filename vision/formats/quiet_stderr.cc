#include "vision/formats/quiet_stderr.h"

#include <fcntl.h>
#include <unistd.h>

#include <mutex>

namespace janus {
namespace {

std::mutex mutex;
int users = 0;
int saved = -1;  // the real stderr while it is redirected

}  // namespace

QuietStderr::QuietStderr() {
  const std::lock_guard lock(mutex);
  if (users++ > 0) return;
  saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (saved < 0) return;  // closed: nothing can be printed
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

QuietStderr::~QuietStderr() {
  const std::lock_guard lock(mutex);
  if (--users > 0 || saved < 0) return;
  dup2(saved, STDERR_FILENO);
  close(saved);
  saved = -1;
}

}  // namespace janus
