#include "cli/hub/snapshot.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <random>
#include <string_view>

#include "cli/hub/environment.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/mapped_file.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kLinkPrefix = ".janus-link-";

// A name for a link that gets its own in one step.
std::string link_leftover(const std::string& folder) {
  return fmt::format("{}/{}{}-{:08x}", folder, kLinkPrefix, getpid(), std::random_device{}());
}

// What killed processes left of such. Those of living ones are made again.
void remove_link_leftovers(const std::string& folder) {
  std::error_code fault;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    std::error_code ignored;
    const bool ours = entry->path().filename().string().starts_with(kLinkPrefix);
    if (ours && entry->is_symlink(ignored)) fs::remove(entry->path(), ignored);
  }
}

int system_link(const std::string& target, const std::string& path) {
  return symlink(target.c_str(), path.c_str()) == 0 ? 0 : errno;
}

}  // namespace

MakeLink make_link_of_environment() {
  if (is_on(variable("HF_HUB_DISABLE_SYMLINKS"))) {
    return [](const std::string&, const std::string&) { return EPERM; };
  }
  return system_link;
}

void make_folders(const std::string& path) {
  std::error_code fault;
  fs::create_directories(path, fault);
  check(!fault, "{}: expected a folder that can be made, found {}; {}", path, fault.message(), kElsewhere);
}

int64_t size_of_file(const std::string& path) {
  std::error_code fault;
  const auto size = fs::file_size(path, fault);
  return fault ? -1 : static_cast<int64_t>(size);
}

Snapshot::Snapshot(const Cache& cache, const Repository& repository, std::string commit, MakeLink make_link)
    : cache_(cache),
      repository_(repository),
      commit_(std::move(commit)),
      path_(cache.snapshot(repository, commit_)),
      make_link_(std::move(make_link)) {}

std::string Snapshot::blob(const RemoteFile& file) const {
  return cache_.folder(repository_) + "/blobs/" + file.hash;
}

bool Snapshot::holds(const RemoteFile& file) const {
  const std::string path = path_ + "/" + file.name;
  std::error_code fault;
  const fs::path target = fs::read_symlink(path, fault);
  return (fault || target.filename() == file.hash) && size_of_file(path) == file.bytes;
}

bool Snapshot::dangles(const RemoteFile& file) const {
  const std::string path = path_ + "/" + file.name;
  std::error_code fault;
  return fs::is_symlink(path, fault) && !fs::exists(path, fault);
}

std::string Snapshot::content(const RemoteFile& file) const {
  if (holds(file)) return path_ + "/" + file.name;
  return size_of_file(blob(file)) == file.bytes ? blob(file) : "";
}

int Snapshot::link_in_place(const std::string& target, const std::string& path) const {
  constexpr int kTries = 10;
  for (int tries = 1;; ++tries) {
    const std::string temporary = link_leftover(folder_of(path));
    if (const int fault = make_link_(target, temporary); fault != 0) return fault;
    if (std::rename(temporary.c_str(), path.c_str()) == 0) return 0;
    const int fault = errno;
    unlink(temporary.c_str());
    // Another process may have taken it for a leftover.
    if (fault != ENOENT || tries == kTries) return fault;
  }
}

void Snapshot::place_one(const RemoteFile& file, bool fresh) const {
  const std::string path = path_ + "/" + file.name;
  const std::string blob = this->blob(file);
  // Beside it, then in its place: there is never no file of that name once there was one, and two downloads
  // do not meet.
  int fault = link_in_place("../../blobs/" + file.hash, path);
  if (fault != 0 && fresh) fault = std::rename(blob.c_str(), path.c_str()) == 0 ? 0 : errno;
  // Another process that pulls the same may have been first, and taken the blob.
  if (fault == 0 || holds(file)) return;
  const bool there = size_of_file(blob) >= 0;
  if (!there) fault = ENOENT;
  check(there && !fresh, "{}: expected a link or file that can be made, found {}; {}", path,
        std::strerror(fault), kElsewhere);
  AtomicFile copy(path, {.durable = true, .name = path, .advice = kAnotherCache});
  copy.append(map_file(blob).bytes);
  copy.commit();
}

void Snapshot::place(const std::vector<RemoteFile>& files, const std::set<std::string>& fresh) const {
  make_folders(path_);
  remove_link_leftovers(path_);
  remove_leftovers(path_);
  std::vector<RemoteFile> missing;
  std::copy_if(files.begin(), files.end(), std::back_inserter(missing),
               [&](const RemoteFile& file) { return !holds(file); });
  // The one without which a folder is no model comes last: who looks before that sees none, not half of one.
  std::stable_partition(missing.begin(), missing.end(),
                        [](const RemoteFile& file) { return file.name != "config.json"; });
  std::map<std::string, int> uses;  // two names may have one content
  for (const RemoteFile& file : missing) ++uses[file.hash];
  for (const RemoteFile& file : missing) {
    place_one(file, fresh.contains(file.hash) && --uses[file.hash] == 0);
  }
}

void Snapshot::remove(const RemoteFile& file) const {
  for (const std::string& path : {path_ + "/" + file.name, blob(file)}) {
    std::error_code fault;
    fs::remove(path, fault);
    check(!fault, "{}: expected hash {}, found another, and that the file cannot be removed: {}; {}", path,
          file.hash, fault.message(), kElsewhere);
  }
}

bool Snapshot::takes_links() const {
  remove_link_leftovers(cache_.folder(repository_));
  const std::string trial = link_leftover(cache_.folder(repository_));
  const bool made = make_link_("blobs", trial) == 0;
  unlink(trial.c_str());
  return made;
}

bool Snapshot::is_named() const {
  return repository_.revision == commit_ || cache_.ref(repository_) == commit_;
}

void Snapshot::name_it() const {
  if (is_named()) return;
  const std::string ref = cache_.folder(repository_) + "/refs/" + repository_.revision;
  make_folders(fs::path(ref).parent_path().string());
  remove_leftovers(folder_of(ref));
  AtomicFile file(ref, {.durable = true, .name = ref, .advice = kAnotherCache});
  file.append(commit_);
  file.commit();
}

}  // namespace janus::hub
