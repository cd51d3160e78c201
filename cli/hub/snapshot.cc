#include "cli/hub/snapshot.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <map>

#include "cli/hub/environment.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

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

void Snapshot::place_one(const RemoteFile& file, bool fresh) const {
  const std::string path = path_ + "/" + file.name;
  // Beside it, under a name of this process's own, then in its place: there is never no file of that name
  // once there was one, and two downloads do not meet.
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const std::string blob = this->blob(file);
  std::error_code fault;
  fs::remove(temporary, fault);
  if (make_link_("../../blobs/" + file.hash, temporary) == 0) {
    fs::rename(temporary, path, fault);
  } else if (fresh) {
    fs::rename(blob, path, fault);
  } else {
    fs::copy_file(blob, temporary, fault);
    if (!fault) fs::rename(temporary, path, fault);
  }
  std::error_code ignored;
  if (fault) fs::remove(temporary, ignored);
  // Another process that pulls the same may have been first, and taken the blob.
  if (!fault || holds(file)) return;
  fail("{}: expected a link or file that can be made, found {}; {}", path, fault.message(), kElsewhere);
}

void Snapshot::place(const std::vector<RemoteFile>& files, const std::set<std::string>& fresh) const {
  make_folders(path_);
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
  const std::string trial = fmt::format("{}/.janus-{}.tmp", cache_.folder(repository_), getpid());
  std::error_code ignored;
  fs::remove(trial, ignored);
  const bool made = make_link_("blobs", trial) == 0;
  fs::remove(trial, ignored);
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
