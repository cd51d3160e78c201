#include "cli/hub/pull.h"

#include <sys/statfs.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cli/hub/downloads.h"
#include "cli/hub/environment.h"
#include "cli/hub/proven_blobs.h"
#include "cli/hub/refusal.h"
#include "core/base/error.h"
#include "core/base/read_file.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

// Where the cache has a whole model, more would only delay it.
constexpr int kRetriesWithModel = 1;
constexpr int64_t kLargestOfFat = (int64_t{1} << 32) - 1;

std::string gigabytes(int64_t bytes) { return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9); }

void check_space(const Cache& cache, int64_t needed) {
  std::error_code fault;
  const fs::space_info space = fs::space(cache.root(), fault);
  if (fault) return;  // some network file systems do not tell; writing will
  const auto available = static_cast<int64_t>(std::min<uintmax_t>(space.available, INT64_MAX));
  check(needed <= available,
        "disk, {}: expected {} free for what is to be downloaded, found {}; free space, or set $HF_HUB_CACHE "
        "to a folder on another disk",
        cache.root(), gigabytes(needed), gigabytes(available));
}

void check_file_sizes(const Cache& cache, const std::vector<RemoteFile>& files) {
  struct statfs disk {};
  if (statfs(cache.root().c_str(), &disk) != 0) return;
  const int64_t most = largest_file(static_cast<int64_t>(disk.f_type));
  for (const RemoteFile& file : files) {
    check(file.bytes <= most,
          "disk, {}: expected one whose files may have the {} of {}, found FAT, which ends them at {}; set "
          "$HF_HUB_CACHE to a folder on another disk",
          cache.root(), gigabytes(file.bytes), file.name, gigabytes(most));
  }
}

// What the cache has of the revision, before anything is asked.
class KeptModel {
 public:
  KeptModel(const Cache& cache, const Repository& repository, const PullEvents& events)
      : cache_(cache), repository_(repository), events_(events), found_(cache.find(repository)) {}

  bool is_there() const { return !found_.path.empty(); }
  const std::string& commit() const { return found_.commit; }

  // Whether a model opens from it; why not, where none does.
  bool opens() const { return is_there() && fault().empty(); }
  std::string fault() const {
    try {
      events_.open(found_.path);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  PulledModel taken(const std::string& unasked) const {
    PulledModel model{
        .path = found_.path, .commit = found_.commit, .licence = {}, .files = {}, .unasked = unasked};
    std::error_code fault;
    for (fs::directory_iterator entry(found_.path, fault); !fault && entry != fs::directory_iterator();
         entry.increment(fault)) {
      if (const int64_t bytes = size_of_file(entry->path().string()); bytes >= 0)
        model.files.push_back({entry->path().filename().string(), bytes, 0});
    }
    std::sort(model.files.begin(), model.files.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return model;
  }

  // Of the environment's variable that forbids the network.
  PulledModel taken_offline(const std::string& forbidden_by) const {
    const std::string choices = Cache::choices(repository_, found_);
    check(is_there(),
          "pull {}: expected the network, or the model in the hub cache {}, found {} set, which forbids the "
          "network, and {}; unset it, or carry {} over from a machine that has it",
          repository_.to_string(), cache_.root(), forbidden_by,
          choices.empty() ? "nothing of it there" : choices, cache_.folder(repository_));
    const std::string fault = this->fault();
    check(
        fault.empty(),
        "pull {}: expected the network, or the whole model in the hub cache, found {} set, which forbids the "
        "network, and no model that opens from {} ({}); unset it and run the command again",
        repository_.to_string(), forbidden_by, found_.path, fault);
    return taken(fmt::format("{} forbids the network", forbidden_by));
  }

 private:
  const Cache& cache_;
  const Repository& repository_;
  const PullEvents& events_;
  CachedModel found_;
};

// Brings one commit into the cache.
class Pull {
 public:
  Pull(Server& server, const Cache& cache, const Repository& repository, const PullOptions& options,
       const PullEvents& events, const Listing& listing)
      : server_(server),
        cache_(cache),
        repository_(repository),
        options_(options),
        events_(events),
        listing_(listing),
        snapshot_(cache, repository, listing.commit),
        proven_(cache.folder(repository)),
        source_{server, cache, repository, listing.commit, snapshot_} {}

  PulledModel run() {
    files_ = chosen_files();
    if (files_.empty()) {
      files_ = needed_files(
          listing_, [this](const RemoteFile& index) { return fetch_text(index); },
          "pull " + repository_.to_string());
    }
    add_dangling();
    prepare();
    for (const RemoteFile& file : files_) {
      if (file.name == "config.json") events_.configured(fetch_text(file));
    }
    drop_damaged(options_.verify);
    bring();
    std::string fault = opening_fault();
    if (!fault.empty() && !options_.verify && drop_damaged(/*all=*/true)) {
      bring();
      fault = opening_fault();
    }
    check(fault.empty(),
          "pull {}: every file is as the hub has it in commit {}, and yet no model opens from them: {} (to "
          "pull again changes nothing; choose another revision or repository)",
          repository_.to_string(), listing_.commit, fault);
    proven_.save();
    name();
    for (PulledFile& file : pulled_) file.downloaded = downloaded_[file.name];
    return {.path = snapshot_.path(),
            .commit = listing_.commit,
            .licence = listing_.licence,
            .files = pulled_,
            .unasked = {}};
  }

 private:
  std::vector<RemoteFile> chosen_files() const {
    if (!options_.choose) return {};
    std::vector<std::string> names;
    for (const RemoteFile& file : listing_.files) names.push_back(file.name);
    const std::vector<std::string> chosen = options_.choose(names);
    std::vector<RemoteFile> files;
    std::copy_if(listing_.files.begin(), listing_.files.end(), std::back_inserter(files),
                 [&](const RemoteFile& file) {
                   return std::find(chosen.begin(), chosen.end(), file.name) != chosen.end();
                 });
    return files;
  }

  void make_cache() const {
    make_folders(cache_.folder(repository_) + "/blobs");
    make_folders(cache_.locks(repository_));
  }

  std::string fetch_text(const RemoteFile& file) {
    constexpr size_t kMost_bytes = size_t{64} << 20;
    // What decides before anything is opened must not be damaged.
    drop_if_damaged(file, options_.verify);
    if (snapshot_.content(file).empty()) make_cache();
    HttpClient client(&server_.stop);
    downloaded_[file.name] += fetch_blob(source_, client, file, [](int64_t) {});
    return read_file(snapshot_.content(file), file.name, kMost_bytes);
  }

  // A link that leads nowhere spoils a folder, whatever it is to.
  void add_dangling() {
    for (const RemoteFile& file : listing_.files) {
      const bool known = std::any_of(files_.begin(), files_.end(),
                                     [&](const RemoteFile& other) { return other.name == file.name; });
      if (!known && snapshot_.dangles(file)) files_.push_back(file);
    }
  }

  bool is_whole() const {
    return std::all_of(files_.begin(), files_.end(),
                       [this](const RemoteFile& file) { return snapshot_.holds(file); });
  }

  // Refuses what cannot end well before anything is downloaded.
  void prepare() const {
    const Downloads planned(server_, source_, files_, events_);
    events_.listed(listing_, planned.total());
    if (is_whole()) return;
    make_cache();
    check_file_sizes(cache_, files_);
    check_space(cache_, planned.missing() + bytes_to_copy());
  }

  // Sees to it that the snapshot holds every file.
  void bring() {
    Downloads downloads(server_, source_, files_, events_);
    const bool whole = is_whole();
    if (!whole) {
      make_cache();
      downloads.run(options_.jobs);
    }
    pulled_ = downloads.result();
    for (const PulledFile& file : pulled_) downloaded_[file.name] += file.downloaded;
    if (whole) return;
    std::set<std::string> fresh;  // what nobody else's snapshot can hold
    for (const RemoteFile& file : files_) {
      if (downloaded_[file.name] > 0) fresh.insert(file.hash);
    }
    snapshot_.place(files_, fresh);
    for (const RemoteFile& file : files_) {
      if (fresh.contains(file.hash)) proven_.add(snapshot_.content(file), file.hash);
    }
  }

  // Of blobs that are there, where the disk takes no links to them.
  int64_t bytes_to_copy() const {
    if (snapshot_.takes_links()) return 0;
    server_.notice("this disk takes no links: the files themselves stand in the snapshot");
    int64_t bytes = 0;
    for (const RemoteFile& file : files_) {
      if (!snapshot_.holds(file) && !snapshot_.content(file).empty()) bytes += file.bytes;
    }
    return bytes;
  }

  std::string opening_fault() const {
    try {
      events_.open(snapshot_.path());
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  // Whether it was there before, and has not been found to have its hash.
  bool is_unproven(const RemoteFile& file, bool all) const {
    const std::string path = snapshot_.content(file);
    const auto come = downloaded_.find(file.name);
    if (path.empty() || (come != downloaded_.end() && come->second > 0)) return false;
    return all || !proven_.knows(path, file.hash);
  }

  // Removes what was there before and has another hash than it must. -> whether that was so.
  bool drop_if_damaged(const RemoteFile& file, bool all) {
    if (!is_unproven(file, all)) return false;
    const std::string path = snapshot_.content(file);
    if (hash_of_file(path, file) == file.hash) {
      proven_.add(path, file.hash);
      return false;
    }
    server_.notice(fmt::format("{}: damaged in the cache; downloading it again", file.name));
    snapshot_.remove(file);
    return true;
  }

  // all: what has been proven before, too.
  bool drop_damaged(bool all) {
    const bool any = std::any_of(files_.begin(), files_.end(),
                                 [&](const RemoteFile& file) { return is_unproven(file, all); });
    if (!any) return false;
    server_.notice("holding what is there against its hashes");
    bool damaged = false;
    for (const RemoteFile& file : files_) damaged = drop_if_damaged(file, all) || damaged;
    return damaged;
  }

  // A disk that cannot be written needs no more than a notice: the model is there.
  void name() const {
    if (snapshot_.is_named()) return;
    try {
      snapshot_.name_it();
    } catch (const Error& error) {
      server_.notice(fmt::format("{}; until then choose it with -m {}@{}", error.what(), repository_.id(),
                                 listing_.commit));
    }
  }

  Server& server_;
  const Cache& cache_;
  const Repository& repository_;
  const PullOptions& options_;
  const PullEvents& events_;
  const Listing& listing_;
  Snapshot snapshot_;
  ProvenBlobs proven_;
  BlobSource source_;
  std::vector<RemoteFile> files_;
  std::vector<PulledFile> pulled_;
  std::map<std::string, int64_t> downloaded_;  // name -> bytes
};

}  // namespace

int64_t largest_file(int64_t file_system) {
  constexpr int64_t kFat = 0x4d44;  // MSDOS_SUPER_MAGIC of linux/magic.h
  return file_system == kFat ? kLargestOfFat : INT64_MAX;
}

PulledModel pull(Server& server, const Cache& cache, const Repository& repository, const PullOptions& options,
                 const PullEvents& events) {
  const KeptModel kept(cache, repository, events);
  if (const std::string variable = offline_variable(); !variable.empty()) return kept.taken_offline(variable);
  std::optional<Listing> listing;
  if (kept.is_there()) {
    const int retries = std::exchange(server.retries, std::min(server.retries, kRetriesWithModel));
    try {
      listing = fetch_listing(server, repository);
    } catch (const NoAnswer& error) {
      if (kept.opens()) return kept.taken(error.brief());
    }
    server.retries = retries;
  }
  if (!listing) listing = fetch_listing(server, repository);
  try {
    return Pull(server, cache, repository, options, events, *listing).run();
  } catch (const Error& error) {
    if (kept.commit() == listing->commit || !kept.opens()) throw;
    fail("{}; meanwhile -m {} takes commit {}, which is there", error.what(), repository.to_string(),
         kept.commit());
  }
}

}  // namespace janus::hub
