#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/machine_fault.h"
#include "core/base/open_file.h"
#include "core/base/remedy.h"
#include "core/base/write_all.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBuffer = size_t{1} << 20;
constexpr mode_t kMode = 0666;  // less the umask, as any file that is made
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kPermissions = 0777;  // what makes a program of a file's owner is not for new content

constexpr std::string_view kUniquePrefix = ".janus-tmp-";

// These names are short, so that they are never longer than the file system takes.
std::string unique_beside(const std::string& target) {
  return fmt::format("{}/{}{}-{:08x}", folder_of(target), kUniquePrefix, getpid(), std::random_device{}());
}

int open_flags(Temporary temporary) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_NOFOLLOW;
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

bool is_file_of(int descriptor, const std::string& path) {
  struct stat opened {
  }, named{};
  return fstat(descriptor, &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// A file of a name of its own, which remove_leftovers() lets alone as long as it is open: `path` is where.
FileDescriptor open_unique(const std::string& target, mode_t mode, std::string& path) {
  while (true) {
    path = unique_beside(target);
    FileDescriptor file = open_file(path, open_flags(Temporary::unique), mode);
    // Between the two calls another process may have taken it for a leftover.
    if (!file.is_open() || flock(file.get(), LOCK_EX) != 0 || is_file_of(file.get(), path)) return file;
  }
}

}  // namespace

AtomicFile::AtomicFile(std::string target, AtomicFileOptions options)
    : target_(std::move(target)), options_(std::move(options)) {
  const mode_t mode = options_.owner_only ? kOwnerOnly : kMode;
  if (options_.temporary == Temporary::unique) {
    file_ = open_unique(target_, mode, temporary_);
  } else {
    temporary_ = leftover_path(target_, options_.temporary);
    file_ = open_file(temporary_, open_flags(options_.temporary), mode);
  }
  if (!file_.is_open()) refuse("a folder that takes files", errno);
  struct stat existing {};
  const bool old = stat(target_.c_str(), &existing) == 0;
  if ((!old || fchmod(file_.get(), existing.st_mode & kPermissions) == 0) &&
      lseek(file_.get(), 0, SEEK_END) >= 0)
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
  write_buffer();
  if (!keep) write(bytes);
}

// Somebody may have emptied it: what is written behind its end would leave a hole.
void AtomicFile::check_whole() const {
  struct stat status {};
  const off_t at = lseek(file_.get(), 0, SEEK_CUR);
  if (fstat(file_.get(), &status) != 0 || at < 0) refuse("a file that can be written", errno);
  if (status.st_size >= at) return;
  throw MachineFault(fmt::format(
      "{}: expected the {} bytes that were written so far, found that it was cut to {}; start again",
      options_.name, at, status.st_size));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  check_whole();
  if (const int fault = write_all(file_.get(), bytes); fault != 0) refuse("to write it whole", fault);
}

void AtomicFile::write_buffer() {
  write(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
}

void AtomicFile::overwrite_front(std::span<const std::byte> bytes) {
  write_buffer();
  if (lseek(file_.get(), 0, SEEK_SET) != 0) refuse("a file whose beginning can be written", errno);
  write(bytes);
  if (lseek(file_.get(), 0, SEEK_END) < 0) refuse("a file whose end can be written", errno);
}

void AtomicFile::flush() {
  write_buffer();
  check_whole();
  if (options_.durable && fsync(file_.get()) != 0) refuse("to write it to the disk", errno);
}

void AtomicFile::rename() {
  if (options_.replaces) {
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) refuse("to put it in place", errno);
  } else if (link(temporary_.c_str(), target_.c_str()) == 0) {
    unlink(temporary_.c_str());
  } else if (errno == EEXIST) {
    refuse_existing();
  } else {  // a file system without hard links
    rename_to_free_name();
  }
  temporary_.clear();
}

void AtomicFile::rename_to_free_name() {
  struct stat existing {};
  if (lstat(target_.c_str(), &existing) == 0) refuse_existing();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) refuse("to put it in place", errno);
}

void AtomicFile::commit() {
  flush();
  // Closing tells of faults that network file systems keep until then; the copy keeps the lock.
  const FileDescriptor lock(fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
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

void AtomicFile::refuse_existing() const {
  throw FileExists(fmt::format("{}: expected a free name, found a file that came meanwhile; {}",
                               options_.name, options_.advice));
}

void AtomicFile::refuse(const std::string& expected, int fault) const {
  // The bytes came from a mapped file that has become shorter.
  check(fault != EFAULT, "{}: expected {}, found that the file it is made from became shorter; restore it",
        options_.name, expected);
  const std::string message = fmt::format("{}: expected {}, found {}; {}", options_.name, expected,
                                          std::strerror(fault), remedy_of(fault, options_.advice));
  if (options_.in_known_folder && fault == ENOENT) throw MachineFault(message);
  fail_of_system(fault, message);
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

void remove_leftovers(const std::string& folder) {
  std::error_code fault;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    const std::string path = entry->path().string();
    if (!entry->path().filename().string().starts_with(kUniquePrefix)) continue;
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.is_open() && flock(file.get(), LOCK_EX | LOCK_NB) == 0 && is_file_of(file.get(), path))
      unlink(path.c_str());
  }
}

void remove_leftovers_once(const std::string& folder) {
  static std::mutex mutex;
  static std::set<std::string> seen;
  const std::lock_guard lock(mutex);
  if (seen.insert(folder).second) remove_leftovers(folder);
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
  if (open_file(folder_of(target), O_TMPFILE | O_WRONLY, kMode).is_open()) return 0;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
  const std::string trial = unique_beside(target);
  if (!open_file(trial, open_flags(Temporary::unique), kMode).is_open()) return errno;
  unlink(trial.c_str());
  return 0;
}

}  // namespace janus
