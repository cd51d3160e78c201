#include "cli/hub/proven_blobs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <sstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_descriptor.h"
#include "core/base/read_file.h"

namespace janus::hub {
namespace {

constexpr size_t kMost_bytes = size_t{1} << 24;

// Of a regular file, through links; empty where there is none.
std::string marks_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto ns = [](const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return fmt::format("{} {} {} {}", status.st_ino, status.st_size, ns(status.st_mtim), ns(status.st_ctim));
}

}  // namespace

ProvenBlobs::ProvenBlobs(std::string folder) : file_(std::move(folder) + "/.janus-proven") {
  const FileDescriptor file(open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) return;
  try {
    std::istringstream lines(read_to_end(file.get(), file_, kMost_bytes));
    for (std::string hash, marks; lines >> hash && std::getline(lines >> std::ws, marks);)
      files_[hash] = marks;
  } catch (const Error&) {  // all is read again
    files_.clear();
  }
}

bool ProvenBlobs::knows(const std::string& path, const std::string& hash) const {
  const auto found = files_.find(hash);
  return found != files_.end() && !found->second.empty() && found->second == marks_of(path);
}

void ProvenBlobs::add(const std::string& path, const std::string& hash) {
  const std::string marks = marks_of(path);
  if (marks.empty() || knows(path, hash)) return;
  files_[hash] = marks;
  added_ = true;
}

void ProvenBlobs::save() {
  if (!std::exchange(added_, false)) return;
  try {
    remove_leftovers_once(folder_of(file_));
    AtomicFile file(file_, {.name = file_, .advice = {}});
    for (const auto& [hash, marks] : files_) file.append(hash + " " + marks + "\n");
    file.commit();
  } catch (const Error&) {  // a disk that takes no writes
  }
}

}  // namespace janus::hub
