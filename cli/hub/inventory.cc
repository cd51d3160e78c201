#include "cli/hub/inventory.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "cli/hub/file_lock.h"
#include "core/base/error.h"

namespace janus::hub {
namespace {

namespace fs = std::filesystem;

// Every file and link below `folder`; links to folders are not followed.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code fault;
  fs::recursive_directory_iterator entry(folder, fault);
  for (; !fault && entry != fs::recursive_directory_iterator(); entry.increment(fault)) {
    std::error_code ignored;
    if (entry->is_symlink(ignored) || !entry->is_directory(ignored)) found.push_back(entry->path());
  }
  return found;
}

int64_t bytes_of(const fs::path& file) {
  std::error_code fault;
  const uintmax_t bytes = fs::is_regular_file(file, fault) ? fs::file_size(file, fault) : 0;
  return fault ? 0 : static_cast<int64_t>(bytes);
}

// The file that a snapshot's link leads to, or the file itself.
fs::path content_of(const fs::path& file) {
  std::error_code fault;
  if (!fs::is_symlink(file, fault)) return file;
  const fs::path target = fs::read_symlink(file, fault);
  return (target.is_absolute() ? target : file.parent_path() / target).lexically_normal();
}

std::set<fs::path> contents_of(const fs::path& snapshot) {
  std::set<fs::path> contents;
  for (const fs::path& file : files_below(snapshot)) contents.insert(content_of(file));
  return contents;
}

template <typename Paths>
int64_t total_bytes(const Paths& paths) {
  int64_t bytes = 0;
  for (const fs::path& path : paths) bytes += bytes_of(path);
  return bytes;
}

// A program that downloads holds the lock of each content it writes.
void check_idle(const Cache& cache, const Repository& repository) {
  for (const fs::path& lock : files_below(cache.locks(repository))) {
    if (lock.extension() != ".lock") continue;
    check(FileLock(lock.string()).try_lock(),
          "model {}: expected nobody downloading it, found {} locked by another program; wait for its end, "
          "or end it",
          repository.id(), lock.string());
  }
}

Removal removal_of_all(const Cache& cache, const Repository& repository) {
  const fs::path folder = cache.folder(repository);
  Removal removal{.repository = repository, .whole = true, .commit = {}, .paths = {}};
  removal.bytes = total_bytes(files_below(folder));
  removal.paths = {folder.string(), cache.locks(repository)};
  return removal;
}

}  // namespace

std::vector<CachedSnapshot> snapshots(const Cache& cache) {
  std::vector<CachedSnapshot> found;
  for (const Repository& repository : cache.repositories()) {
    const auto refs = cache.refs(repository);
    for (const std::string& commit : cache.commits(repository)) {
      CachedSnapshot one{.repository = repository, .commit = commit, .path = {}, .refs = {}};
      one.path = cache.snapshot(repository, commit);
      for (const auto& [ref, named] : refs) {
        if (named == commit) one.refs.push_back(ref);
      }
      one.repository.revision = one.refs.empty() ? commit : one.refs.front();
      if (std::find(one.refs.begin(), one.refs.end(), kMain) != one.refs.end())
        one.repository.revision = kMain;
      one.bytes = total_bytes(contents_of(one.path));
      found.push_back(std::move(one));
    }
    if (!found.empty() && found.back().repository.id() == repository.id()) continue;
    const int64_t bytes = total_bytes(files_below(fs::path(cache.folder(repository)) / "blobs"));
    found.push_back({.repository = repository, .commit = {}, .path = {}, .refs = {}, .bytes = bytes});
  }
  return found;
}

Repository find_named(const Cache& cache, const std::string& name) {
  std::optional<Repository> asked = parse_repository(name);
  const bool is_short = !asked && name.find('/') == std::string::npos;
  if (is_short) asked = parse_repository("owner/" + name);
  check(asked.has_value(),
        "model {}: expected owner/repo, owner/repo@revision, or repo alone, found a name that the hub does "
        "not allow; janus list shows what is there",
        name);
  const std::vector<Repository> all = cache.repositories();
  std::vector<std::string> candidates;
  for (const Repository& one : all) {
    if (is_short ? one.name == asked->name : one.id() == asked->id()) candidates.push_back(one.id());
  }
  check(!candidates.empty(),
        "model {}: expected it in the hub cache {}, found nothing of that name; janus "
        "list --all shows what is there",
        name, cache.root());
  check(candidates.size() == 1,
        "model {}: expected one model of that name in the hub cache {}, found {}; write its owner too", name,
        cache.root(), fmt::join(candidates, " and "));
  const std::string revision = asked->revision;
  asked = parse_repository(candidates.front());
  asked->revision = revision;
  return *asked;
}

Removal plan_removal(const Cache& cache, const Repository& repository, bool whole) {
  const fs::path folder = cache.folder(repository);
  std::error_code fault;
  check(fs::is_directory(fs::symlink_status(folder, fault)),
        "model {}: expected its folder in the hub cache, found none at {}, or a link to elsewhere; remove a "
        "link by hand",
        repository.id(), folder.string());
  check_idle(cache, repository);
  if (whole) return removal_of_all(cache, repository);

  const CachedModel found = cache.find(repository);
  check(!found.path.empty(),
        "model {}: expected this revision in the hub cache, found {}; choose one of them",
        repository.to_string(),
        found.revisions.empty() ? "none of any" : fmt::format("{}", fmt::join(found.revisions, ", ")));
  Removal removal{.repository = repository, .whole = false, .commit = found.commit, .paths = {}};
  std::set<fs::path> kept;
  const std::vector<std::string> commits = cache.commits(repository);
  if (commits.size() == 1) return removal_of_all(cache, repository);
  for (const std::string& commit : commits) {
    if (commit != found.commit) kept.merge(contents_of(cache.snapshot(repository, commit)));
  }
  // Refs first: what is half removed no longer has a name.
  for (const auto& [ref, commit] : cache.refs(repository)) {
    if (commit == found.commit) removal.paths.push_back((folder / "refs" / ref).string());
  }
  removal.paths.push_back(found.path);
  removal.paths.push_back((folder / ".no_exist" / found.commit).string());
  const fs::path blobs = (folder / "blobs").lexically_normal();
  for (const fs::path& content : contents_of(found.path)) {
    if (kept.contains(content)) continue;
    const bool blob = content.parent_path() == blobs;
    const bool own = !content.lexically_relative(found.path).string().starts_with("..");
    if (blob) removal.paths.push_back(content.string());
    if (blob || own) removal.bytes += bytes_of(content);
  }
  return removal;
}

void remove(const Removal& removal) {
  for (const std::string& path : removal.paths) {
    std::error_code fault;
    fs::remove_all(path, fault);
    check(!fault, "model {}: expected to remove {}, found: {}; make its folder writable and remove it again",
          removal.repository.to_string(), path, fault.message());
  }
}

}  // namespace janus::hub
