#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "core/base/write_all.h"
#include "core/error.h"

namespace janus::cli {
namespace {

std::string folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// Where a chain of links ends, whether or not there is something yet.
std::string follow_links(std::string path) {
  constexpr int kLongestChain = 40;  // as the kernel's own limit
  for (int i = 0; i < kLongestChain; ++i) {
    std::error_code fault;
    std::filesystem::path link = std::filesystem::read_symlink(path, fault);
    if (fault) break;
    path = link.is_absolute() ? link.string() : (std::filesystem::path(folder_of(path)) / link).string();
  }
  return path;
}

// A name in the same folder that nobody else uses; short, so that it is never longer than the file system
// takes.
std::string temporary_beside(const std::string& path) {
  return fmt::format("{}/.janus-{}-{:08x}", folder_of(path), getpid(), std::random_device{}());
}

int create(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

// Whether a file can be made beside `path`; false leaves errno. Nothing is left behind, even by a kill, where
// the file system knows files without a name.
bool takes_files(const std::string& path) {
  int descriptor = open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    InterruptHold hold;
    const std::string trial = temporary_beside(path);
    descriptor = create(trial);
    if (descriptor >= 0) unlink(trial.c_str());
  }
  if (descriptor >= 0) close(descriptor);
  return descriptor >= 0;
}

}  // namespace

bool has_extension(const std::string& path, const std::string& extension) {
  std::string found = std::filesystem::path(path).extension().string();
  return strcasecmp(found.c_str(), extension.c_str()) == 0;
}

void require_extension(const std::string& path, const std::string& extension, const std::string& option) {
  if (path == kStandardStream || has_extension(path, extension)) return;
  throw UsageError(
      fmt::format("option {}, command line: expected a name that ends in {}, found \"{}\"; rename it, "
                  "or use - for standard output",
                  option, extension, path));
}

void require_one_on_stream(const std::string& path, bool json) {
  if (path != kStandardStream || !json) return;
  throw UsageError(
      "option --json, command line: expected an output in a file beside it, found -; name a file");
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)), target_(follow_links(path_)) {
  if (path_ == kStandardStream) return;
  struct stat existing {};
  bool exists = stat(target_.c_str(), &existing) == 0;
  if (!exists && errno != ENOENT) refuse("a file in a folder that is there", std::strerror(errno));
  if (exists && S_ISDIR(existing.st_mode)) refuse("a file", "a folder");
  if (exists && access(target_.c_str(), W_OK) != 0)
    refuse("a file that can be written", std::strerror(errno));
  special_ = exists && !S_ISREG(existing.st_mode);
  if (special_) return;

  struct stat folder {};
  if (stat(folder_of(target_).c_str(), &folder) != 0) {
    refuse("a folder that is there", fmt::format("no {}", folder_of(target_)));
  }
  if (!takes_files(target_)) refuse("a folder that takes files", std::strerror(errno));
}

void OutputFile::write(std::string_view text, Console& console) const {
  write(std::as_bytes(std::span(text)), console);
}

void OutputFile::write(std::span<const std::byte> bytes, Console& console) const {
  if (path_ == kStandardStream) {
    console.result(bytes);
  } else if (special_) {
    write_directly(bytes);
  } else {
    replace(bytes);
  }
}

void OutputFile::write_directly(std::span<const std::byte> bytes) const {
  int descriptor = open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) refuse("a pipe or device that can be written", std::strerror(errno));
  const int fault = write_all(descriptor, bytes);
  close(descriptor);
  if (fault != 0) refuse(fmt::format("to write {} bytes", bytes.size()), std::strerror(fault));
}

void OutputFile::replace(std::span<const std::byte> bytes) const {
  InterruptHold hold;
  std::string temporary = temporary_beside(target_);
  int descriptor = create(temporary);
  if (descriptor < 0) refuse("a folder that takes files", std::strerror(errno));
  struct stat existing {};
  int fault = 0;
  if (stat(target_.c_str(), &existing) == 0 && fchmod(descriptor, existing.st_mode & 07777) != 0)
    fault = errno;
  if (fault == 0) fault = write_all(descriptor, bytes);
  // Some file systems report a full disk only here.
  if (close(descriptor) != 0 && fault == 0) fault = errno;
  if (fault == 0 && rename(temporary.c_str(), target_.c_str()) != 0) fault = errno;
  if (fault == 0) return;
  unlink(temporary.c_str());
  refuse(fmt::format("to write {} bytes", bytes.size()), std::strerror(fault));
}

GrowingFile::GrowingFile(const OutputFile& output, uint64_t bytes) : output_(output), bytes_(bytes) {
  if (output.special_) output.refuse("a regular file", "a pipe or device");
  hold_.emplace();
  temporary_ = temporary_beside(output.target_);
  descriptor_ = create(temporary_);
  if (descriptor_ < 0) output.refuse("a folder that takes files", std::strerror(errno));
  // Not every file system can reserve room; those that cannot will tell when it ends.
  if (fallocate(descriptor_, 0, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) refuse(errno);
}

GrowingFile::~GrowingFile() { remove(); }

void GrowingFile::append(std::span<const std::byte> bytes) {
  end_if_interrupted();
  if (const int fault = write_all(descriptor_, bytes); fault != 0) refuse(fault);
  written_ += bytes.size();
}

void GrowingFile::finish() {
  check(written_ == bytes_, "output, {}: expected to write {} bytes, found {}; report this", output_.path_,
        bytes_, written_);
  struct stat existing {};
  if (stat(output_.target_.c_str(), &existing) == 0 && fchmod(descriptor_, existing.st_mode & 07777) != 0)
    refuse(errno);
  if (fsync(descriptor_) != 0) refuse(errno);
  end_if_interrupted();
  if (close(std::exchange(descriptor_, -1)) != 0) refuse(errno);
  if (rename(temporary_.c_str(), output_.target_.c_str()) != 0) refuse(errno);
  temporary_.clear();
  hold_.reset();
}

void GrowingFile::remove() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

void GrowingFile::end_if_interrupted() {
  if (!InterruptHold::pending()) return;
  remove();
  hold_.reset();  // ends the program
}

void GrowingFile::refuse(int fault) {
  remove();
  fail("output, {}: expected room for {} bytes, found: {}; free some or choose another -o", output_.path_,
       bytes_, std::strerror(fault));
}

void OutputFile::refuse(const std::string& expected, const std::string& found) const {
  fail("output, {}: expected {}, found {}; choose another -o or make it writable", path_, expected, found);
}

}  // namespace janus::cli
