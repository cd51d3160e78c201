#include "cli/caption/file_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file_descriptor.h"
#include "core/base/read_file.h"

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
  return fmt::format("picture {}: expected a readable file, found: {}; check the path", path,
                     std::strerror(fault));
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

ImageBytes read_image_bytes(const std::string& path) {
  // Non-blocking: a pipe without a writer would be waited for.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0) throw Error(read_fault(path, errno));
  if (!S_ISREG(status.st_mode)) throw Error(kind_fault(path, status));
  return {.content = read_to_end(file.get(), "picture " + path, kMostImageBytes),
          .bytes = status.st_size,
          .mtime = seconds(status.st_mtim)};
}

}  // namespace janus::cli
