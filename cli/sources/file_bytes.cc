#include "cli/sources/file_bytes.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cli/app/command.h"
#include "core/base/machine_fault.h"
#include "core/base/open_file.h"
#include "core/base/read_file.h"
#include "core/base/remedy.h"
#include "core/base/transient_error.h"

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
  std::error_code none;
  const std::filesystem::path target = std::filesystem::read_symlink(path, none);
  if (!none && (fault == ENOENT || fault == ELOOP)) {
    return fmt::format(
        "picture {}: expected a readable file, found a link to {}, which is {}; correct the link", path,
        target.string(), fault == ENOENT ? "not there" : "a link that leads back to it");
  }
  return fmt::format("picture {}: expected a readable file, found: {}; {}", path, std::strerror(fault),
                     reading_remedy_of(fault));
}

// A pipe without a writer would be waited for.
FileDescriptor open_without_waiting(const std::string& path) {
  return open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

}  // namespace

bool look_at_file(const std::string& path, int64_t& bytes, double& mtime, std::string& fault) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    const int reason = errno;
    fault = read_fault(path, reason);
    if (is_machine_fault(reason)) throw MachineFault(fault);
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

std::optional<std::string> read_head(const std::string& path, size_t most_bytes) {
  const auto nothing_unless_at_fault = [&] {
    const int reason = errno;
    if (is_machine_fault(reason)) throw MachineFault(read_fault(path, reason));
    return std::nullopt;
  };
  const FileDescriptor file = open_without_waiting(path);
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0) return nothing_unless_at_fault();
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  std::string head(most_bytes, '\0');
  size_t have = 0;
  while (have < head.size()) {
    const ssize_t got = ::read(file.get(), head.data() + have, head.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return nothing_unless_at_fault();
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  head.resize(have);
  return head;
}

ImageBytes read_image_bytes(const std::string& path) {
  const FileDescriptor file = open_without_waiting(path);
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0) {
    const int reason = errno;
    if (is_machine_fault(reason)) throw MachineFault(read_fault(path, reason));
    throw TransientError(read_fault(path, reason));
  }
  if (!S_ISREG(status.st_mode)) throw TransientError(kind_fault(path, status));
  check(status.st_size <= kMostImageBytes, "picture {}: expected at most {} bytes, found {}; check the path",
        path, kMostImageBytes, status.st_size);
  std::string content;
  // Its size is no fault by now: what ends the reading is the disk's.
  const std::optional<std::string> fault =
      error_of([&] { content = read_to_end(file.get(), "picture " + path, kMostImageBytes); });
  if (fault) throw TransientError(*fault);
  return {.content = std::move(content), .bytes = status.st_size, .mtime = seconds(status.st_mtim)};
}

}  // namespace janus::cli
