#include "cli/hub/pull.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/hub/blob.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/read_file.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

std::string gigabytes(int64_t bytes) { return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9); }

void check_space(const Cache& cache, int64_t needed) {
  std::error_code fault;
  const fs::space_info space = fs::space(cache.root(), fault);
  if (fault) return;  // some network file systems do not tell; writing will
  const auto available = static_cast<int64_t>(std::min<uintmax_t>(space.available, INT64_MAX));
  check(needed <= available,
        "disk, {}: expected {} free for what is to be downloaded, found {}; free space, or set $HF_HOME to "
        "another disk",
        cache.root(), gigabytes(needed), gigabytes(available));
}

// Makes the folder and those above it.
void make_folders(const std::string& path) {
  std::error_code fault;
  fs::create_directories(path, fault);
  check(!fault, "{}: expected a folder that can be made, found {}; free the path, or set $HF_HOME to another",
        path, fault.message());
}

// Tells all others to stop when one ends with an Error.
class StopUnlessDone {
 public:
  explicit StopUnlessDone(std::atomic<bool>& stop) : stop_(stop) {}
  ~StopUnlessDone() {
    if (!done_) stop_ = true;
  }
  StopUnlessDone(const StopUnlessDone&) = delete;
  StopUnlessDone& operator=(const StopUnlessDone&) = delete;
  void done() { done_ = true; }

 private:
  std::atomic<bool>& stop_;
  bool done_ = false;
};

// Files taken one by one by several threads, the largest first.
class Downloads {
 public:
  Downloads(Server& server, const BlobSource& source, std::vector<RemoteFile> files, const PullEvents& events)
      : server_(server),
        source_(source),
        files_(std::move(files)),
        events_(events),
        downloaded_(files_.size()) {
    std::stable_sort(files_.begin(), files_.end(), [](auto& a, auto& b) { return a.bytes > b.bytes; });
    for (const RemoteFile& file : files_) {
      total_ += file.bytes;
      done_ += bytes_there(source.cache, source.repository, file);
    }
  }

  int64_t total() const { return total_; }
  int64_t missing() const { return total_ - done_; }

  void run(int jobs) {
    events_.progress(done_, total_);
    std::vector<std::future<void>> workers;
    for (int job = 0; job < std::min<int>(jobs, static_cast<int>(files_.size())); ++job) {
      workers.push_back(std::async(std::launch::async, [this] { work(); }));
    }
    for (std::future<void>& worker : workers) worker.wait();
    for (std::future<void>& worker : workers) worker.get();  // throws what ended it
  }

  std::vector<PulledFile> result() const {
    std::vector<PulledFile> pulled;
    for (size_t i = 0; i < files_.size(); ++i)
      pulled.push_back({files_[i].name, files_[i].bytes, downloaded_[i]});
    std::sort(pulled.begin(), pulled.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return pulled;
  }

 private:
  void work() {
    StopUnlessDone guard(server_.stop);
    HttpClient client(&server_.stop);
    for (size_t i = next_++; i < files_.size() && !server_.stop; i = next_++) {
      downloaded_[i] = fetch_blob(source_, client, files_[i],
                                  [this](int64_t bytes) { events_.progress(done_ += bytes, total_); });
    }
    guard.done();
  }

  Server& server_;
  const BlobSource& source_;
  std::vector<RemoteFile> files_;
  const PullEvents& events_;
  std::vector<int64_t> downloaded_;
  std::atomic<size_t> next_ = 0;
  std::atomic<int64_t> done_ = 0;
  int64_t total_ = 0;
};

// A relative link, so that the cache can be moved as a whole.
void link_file(const std::string& snapshot, const RemoteFile& file) {
  const fs::path target = fs::path("../../blobs") / file.hash;
  const fs::path link = fs::path(snapshot) / file.name;
  std::error_code fault;
  if (fs::read_symlink(link, fault) == target) return;
  // Beside it, under a name of this process's own, then in its place: there is never no file of that name
  // once there was one, and two downloads do not meet.
  const fs::path temporary = fmt::format("{}.{}.tmp", link.string(), getpid());
  fs::remove(temporary, fault);
  fs::create_symlink(target, temporary, fault);
  if (!fault) fs::rename(temporary, link, fault);
  check(!fault,
        "{}: expected a link into the cache's blobs, found {}; set $HF_HOME to a file system with links",
        link.string(), fault.message());
}

std::string make_snapshot(const Cache& cache, const Repository& repository, const std::string& commit,
                          const std::vector<RemoteFile>& files) {
  const std::string folder = cache.folder(repository), snapshot = folder + "/snapshots/" + commit;
  make_folders(snapshot);
  // The one without which a folder is no model comes last: who looks before that sees none, not half of one.
  const auto is_config = [](const RemoteFile& file) { return file.name == "config.json"; };
  for (const RemoteFile& file : files) {
    if (!is_config(file)) link_file(snapshot, file);
  }
  const auto config = std::find_if(files.begin(), files.end(), is_config);
  if (config != files.end()) link_file(snapshot, *config);
  if (repository.revision == commit) return snapshot;
  const fs::path ref = fs::path(folder) / "refs" / repository.revision;
  make_folders(ref.parent_path().string());
  AtomicFile file(ref.string(),
                  {.durable = true, .name = ref.string(), .advice = "free the space or the path"});
  file.append(commit);
  file.commit();
  return snapshot;
}

// Which files are needed may stand in an index: then that comes first.
class Indexes {
 public:
  Indexes(Server& server, const BlobSource& source, const Listing& listing)
      : server_(server), source_(source), listing_(listing) {}

  nlohmann::json read(const std::string& name) {
    const auto file = std::find_if(listing_.files.begin(), listing_.files.end(),
                                   [&](const RemoteFile& remote) { return remote.name == name; });
    make_folders(source_.cache.folder(source_.repository) + "/blobs");
    make_folders(source_.cache.locks(source_.repository));
    HttpClient client(&server_.stop);
    downloaded_[name] = fetch_blob(source_, client, *file, [](int64_t) {});
    const std::string path = blob_path(source_.cache, source_.repository, *file);
    const std::string text = read_file(path, name, kMostBytes);
    try {
      return parse_json(text, name);
    } catch (const Error& error) {
      fail("{}; choose another repository or revision", error.what());
    }
  }
  int64_t downloaded(const std::string& name) const {
    const auto found = downloaded_.find(name);
    return found != downloaded_.end() ? found->second : 0;
  }

 private:
  static constexpr size_t kMostBytes = size_t{1} << 28;

  Server& server_;
  const BlobSource& source_;
  const Listing& listing_;
  std::map<std::string, int64_t> downloaded_;
};

}  // namespace

PulledModel pull(Server& server, const Cache& cache, const Repository& repository, int jobs,
                 const PullEvents& events) {
  const Listing listing = fetch_listing(server, repository);
  const BlobSource source{server, cache, repository, listing.commit};
  Indexes indexes(server, source, listing);
  const std::vector<RemoteFile> files = needed_files(
      listing, "pull " + repository.to_string(), [&](const std::string& name) { return indexes.read(name); });
  make_folders(cache.folder(repository) + "/blobs");
  make_folders(cache.locks(repository));
  Downloads downloads(server, source, files, events);
  events.listed(listing, downloads.total());
  check_space(cache, downloads.missing());
  downloads.run(jobs);
  std::vector<PulledFile> pulled = downloads.result();
  for (PulledFile& file : pulled) file.downloaded += indexes.downloaded(file.name);
  return {.path = make_snapshot(cache, repository, listing.commit, files),
          .commit = listing.commit,
          .licence = listing.licence,
          .files = std::move(pulled)};
}

}  // namespace janus::hub
