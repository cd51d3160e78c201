#include "cli/caption/file_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace janus::cli {
namespace {

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string kind_fault(const std::string& path, const struct stat& file) {
  return fmt::format("picture {}: expected a file, found a {}", path,
                     S_ISDIR(file.st_mode) ? "folder" : "pipe or device");
}

std::string read_fault(const std::string& path, int fault) {
  return fmt::format("picture {}: expected a readable file, found: {}", path, std::strerror(fault));
}

}  // namespace

bool look_at_file(const std::string& path, int64_t& bytes, double& mtime, std::string& fault) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    fault = read_fault(path, errno);
    return false;
  }
  if (!S_ISREG(file.st_mode)) {
    fault = kind_fault(path, file);
    return false;
  }
  bytes = file.st_size;
  mtime = seconds(file.st_mtim);
  return true;
}

FileBytes read_file_bytes(const std::string& path) {
  struct Descriptor {
    int number;
    ~Descriptor() {
      if (number >= 0) close(number);
    }
    // Non-blocking: a pipe without a writer would be waited for.
  } const file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) throw Error(read_fault(path, errno));
  struct stat status {};
  if (fstat(file.number, &status) != 0) throw Error(read_fault(path, errno));
  if (!S_ISREG(status.st_mode)) throw Error(kind_fault(path, status));
  check(status.st_size <= kMostPictureBytes, "picture {}: expected at most {} bytes, found {}", path,
        kMostPictureBytes, status.st_size);
  FileBytes read_bytes{.content = std::string(static_cast<size_t>(status.st_size), '\0'),
                       .bytes = status.st_size,
                       .mtime = seconds(status.st_mtim)};
  size_t have = 0;
  while (have < read_bytes.content.size()) {
    const ssize_t got = read(file.number, read_bytes.content.data() + have, read_bytes.content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(read_fault(path, errno));
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  read_bytes.content.resize(have);
  return read_bytes;
}

}  // namespace janus::cli
