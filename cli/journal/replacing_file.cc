#include "cli/journal/replacing_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/digest.h"
#include "core/base/write_all.h"
#include "core/error.h"

namespace janus::cli {
namespace {

constexpr size_t kBuffer = size_t{1} << 20;

// Short, so that it is never longer than the file system takes.
std::string temporary_of(const std::string& path) {
  const std::filesystem::path whole(path);
  const std::string name = whole.filename().string();
  const std::filesystem::path folder = whole.has_parent_path() ? whole.parent_path() : ".";
  return (folder / (".janus-" + sha256_of(name).substr(0, 16))).string();
}

}  // namespace

ReplacingFile::ReplacingFile(std::string path) : path_(std::move(path)), temporary_(temporary_of(path_)) {
  descriptor_ =
      open(temporary_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) refuse(std::strerror(errno));
  struct stat existing {};
  if (stat(path_.c_str(), &existing) == 0) (void)!fchmod(descriptor_, existing.st_mode & 07777);
}

ReplacingFile::~ReplacingFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void ReplacingFile::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void ReplacingFile::flush() {
  if (const int fault = write_all(descriptor_, std::as_bytes(std::span(buffer_))); fault != 0)
    refuse(std::strerror(fault));
  buffer_.clear();
}

int ReplacingFile::commit(bool durable) {
  flush();
  if (durable && fsync(descriptor_) != 0) refuse(std::strerror(errno));
  if (rename(temporary_.c_str(), path_.c_str()) != 0) refuse(std::strerror(errno));
  return std::exchange(descriptor_, -1);
}

void ReplacingFile::remove_leftover(const std::string& path) { unlink(temporary_of(path).c_str()); }

void ReplacingFile::refuse(const std::string& found) const {
  fail("output, {}: expected a file that can be written, found {}; free space or choose another place", path_,
       found);
}

void replace_file(const std::string& path, std::string_view text) {
  ReplacingFile file(path);
  file.write(text);
  close(file.commit(/*durable=*/false));
}

}  // namespace janus::cli
