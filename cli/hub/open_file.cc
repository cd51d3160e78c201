#include "cli/hub/open_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/base/error.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

constexpr mode_t kMode = 0666;  // less the umask, as any file that is made

}  // namespace

OpenFile::OpenFile(std::string path) : path_(std::move(path)) {
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (descriptor_ < 0) fault("a file that can be written");
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void OpenFile::fault(const char* expected) const {
  fail("{}: expected {}, found {}; free the space or the path, or set $HF_HOME to another disk", path_,
       expected, std::strerror(errno));
}

int64_t OpenFile::bytes() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) fault("a file");
  return status.st_size;
}

void OpenFile::read_all(const std::function<void(std::span<const std::byte>)>& take) const {
  std::vector<std::byte> block(1 << 20);
  for (int64_t at = 0;;) {
    const ssize_t size = pread(descriptor_, block.data(), block.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fault("a file that can be read");
    if (size == 0) return;
    take(std::span(block).first(static_cast<size_t>(size)));
    at += size;
  }
}

void OpenFile::append(std::span<const std::byte> bytes) {
  int64_t at = this->bytes();
  while (!bytes.empty()) {
    const ssize_t size = pwrite(descriptor_, bytes.data(), bytes.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) fault("to write to it");
    bytes = bytes.subspan(static_cast<size_t>(size));
    at += size;
  }
}

void OpenFile::clear() {
  if (ftruncate(descriptor_, 0) != 0) fault("to empty it");
}

void OpenFile::flush() {
  if (fsync(descriptor_) != 0) fault("to write it to the disk");
}

bool OpenFile::try_lock() {
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) fault("a lock on it");
  return false;
}

void OpenFile::wait_for_lock() {
  while (flock(descriptor_, LOCK_EX) != 0) {
    if (errno != EINTR) fault("a lock on it");
  }
}

void replace_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + fmt::format(".{}.tmp", getpid());
  {
    OpenFile file(temporary);
    file.clear();
    file.append(std::as_bytes(std::span(text)));
    file.flush();
  }
  std::error_code fault;
  fs::rename(temporary, path, fault);
  check(!fault, "{}: expected to replace it, found {}; free the path", path, fault.message());
}

void make_folders(const std::string& path) {
  std::error_code fault;
  fs::create_directories(path, fault);
  check(!fault, "{}: expected a folder that can be made, found {}; free the path, or set $HF_HOME to another",
        path, fault.message());
}

}  // namespace janus::hub
