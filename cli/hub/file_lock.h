// A lock that programs which download the same file share.
#pragma once

#include <atomic>
#include <string>

#include "core/base/file_descriptor.h"

namespace janus::hub {

// The kernel's lock on a file of its own, which is made where it is not there and stays: it goes with the
// process, however that ends. Every fault throws Error with the path and the system's reason.
class FileLock {
 public:
  explicit FileLock(std::string path);

  // Whether it was free; then it is this one's until it closes.
  bool try_lock();
  // Waits until it is free. -> whether it came to that before `stop` was true.
  bool wait(const std::atomic<bool>& stop);

 private:
  [[noreturn]] void refuse(const char* expected) const;

  std::string path_;
  FileDescriptor file_;
};

}  // namespace janus::hub
