#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>
#include <vector>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/remedy.h"
#include "core/base/write_all.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBuffer = size_t{1} << 20;
constexpr mode_t kMode = 0666;  // less the umask, as any file that is made

// These names are short, so that they are never longer than the file system takes.
std::string unique_beside(const std::string& target) {
  return fmt::format("{}/.janus-{}-{:08x}", folder_of(target), getpid(), std::random_device{}());
}

int open_flags(Temporary temporary) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  switch (temporary) {
    case Temporary::unique:
      return kFlags | O_EXCL;
    case Temporary::of_target:
      return kFlags | O_TRUNC;
    case Temporary::resumed:
      return kFlags;
  }
  return kFlags;
}

}  // namespace

AtomicFile::AtomicFile(std::string target, AtomicFileOptions options)
    : target_(std::move(target)),
      temporary_(options.temporary == Temporary::unique ? unique_beside(target_)
                                                        : leftover_path(target_, options.temporary)),
      options_(std::move(options)),
      file_(open(temporary_.c_str(), open_flags(options_.temporary), kMode)) {
  if (!file_.is_open()) refuse("a folder that takes files", errno);
  struct stat existing {};
  const bool old = stat(target_.c_str(), &existing) == 0;
  if ((!old || fchmod(file_.get(), existing.st_mode & 07777) == 0) && lseek(file_.get(), 0, SEEK_END) >= 0)
    return;
  const int fault = errno;
  remove_temporary();
  refuse("a file that can be written", fault);
}

AtomicFile::~AtomicFile() { remove_temporary(); }

void AtomicFile::remove_temporary() {
  if (!temporary_.empty() && options_.temporary != Temporary::resumed) unlink(temporary_.c_str());
}

void AtomicFile::reserve(uint64_t bytes) {
  if (fallocate(file_.get(), 0, 0, static_cast<off_t>(bytes)) == 0) return;
  // Not every file system can reserve room; those that cannot will tell when it ends.
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
    refuse(fmt::format("room for {} bytes", bytes), errno);
}

void AtomicFile::append(std::span<const std::byte> bytes) {
  const bool keep = options_.temporary != Temporary::resumed && bytes.size() < kBuffer;
  if (keep) buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (keep && buffer_.size() < kBuffer) return;
  write(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
  if (!keep) write(bytes);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (const int fault = write_all(file_.get(), bytes); fault != 0) refuse("to write it whole", fault);
}

void AtomicFile::flush() {
  write(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
  if (options_.durable && fsync(file_.get()) != 0) refuse("to write it to the disk", errno);
}

void AtomicFile::rename() {
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) refuse("to put it in place", errno);
  temporary_.clear();
}

void AtomicFile::commit() {
  flush();
  if (const int fault = file_.close(); fault != 0) refuse("to write it whole", fault);
  rename();
}

int AtomicFile::commit_open() {
  flush();
  if (fcntl(file_.get(), F_SETFL, O_APPEND) != 0) refuse("a file that can be appended to", errno);
  rename();
  return file_.release();
}

int64_t AtomicFile::bytes() const {
  struct stat status {};
  if (fstat(file_.get(), &status) != 0) refuse("a file", errno);
  return status.st_size;
}

void AtomicFile::read_back(const std::function<void(std::span<const std::byte>)>& take) const {
  std::vector<std::byte> block(kBuffer);
  for (int64_t at = 0;;) {
    const ssize_t got = pread(file_.get(), block.data(), block.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("a file that can be read", errno);
    if (got == 0) return;
    take(std::span(block).first(static_cast<size_t>(got)));
    at += got;
  }
}

void AtomicFile::clear() {
  if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) != 0) refuse("to empty it", errno);
}

void AtomicFile::refuse(const std::string& expected, int fault) const {
  fail("{}: expected {}, found {}; {}", options_.name, expected, std::strerror(fault),
       remedy_of(fault, options_.advice));
}

std::string leftover_path(const std::string& target, Temporary temporary) {
  if (temporary == Temporary::resumed) return target + ".incomplete";
  const std::string name = fs::path(target).filename().string();
  return fmt::format("{}/.janus-{}", folder_of(target), sha256_of(name).substr(0, 16));
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string resolve_links(std::string path) {
  constexpr int kLongestChain = 40;  // as the kernel's own limit
  for (int i = 0; i < kLongestChain; ++i) {
    std::error_code fault;
    const fs::path link = fs::read_symlink(path, fault);
    if (fault) break;
    path = link.is_absolute() ? link.string() : (fs::path(folder_of(path)) / link).string();
  }
  return path;
}

int try_folder_of(const std::string& target) {
  if (FileDescriptor(open(folder_of(target).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode)).is_open())
    return 0;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
  const std::string trial = unique_beside(target);
  if (!FileDescriptor(open(trial.c_str(), open_flags(Temporary::unique), kMode)).is_open()) return errno;
  unlink(trial.c_str());
  return 0;
}

}  // namespace janus
