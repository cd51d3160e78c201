#include "cli/hub/cache.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/hub/environment.h"
#include "core/base/ascii.h"
#include "core/base/error.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

constexpr size_t kShortestCommit = 4;  // as git has it
constexpr size_t kWholeCommit = 40;
constexpr std::string_view kFolder = "models--";

// A snapshot's name is a commit's hash, but other programs' mirrors take other words: one part of a path.
bool is_snapshot_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
         });
}

// The commit that a ref's file holds: empty where there is no such file, or something else in it.
std::string read_ref(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  std::ifstream file(path);
  std::string commit;
  file >> commit;
  return is_snapshot_name(commit) ? commit : std::string();
}

std::vector<std::string> commits_in(const fs::path& snapshots) {
  std::vector<std::string> commits;
  std::error_code fault;
  fs::directory_iterator entry(snapshots, fault);
  for (; !fault && entry != fs::directory_iterator(); entry.increment(fault)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().string();
    if (entry->is_directory(ignored) && is_snapshot_name(name)) commits.push_back(name);
  }
  std::sort(commits.begin(), commits.end());
  return commits;
}

// Name of each ref -> its commit.
std::vector<std::pair<std::string, std::string>> refs_in(const fs::path& refs) {
  std::vector<std::pair<std::string, std::string>> found;
  std::error_code fault;
  fs::recursive_directory_iterator entry(refs, fault);
  for (; !fault && entry != fs::recursive_directory_iterator(); entry.increment(fault)) {
    const std::string commit = read_ref(entry->path());
    if (!commit.empty()) found.emplace_back(fs::relative(entry->path(), refs, fault).string(), commit);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> revisions_in(const fs::path& folder, const std::vector<std::string>& commits) {
  std::vector<std::string> revisions;
  std::set<std::string> named;
  for (const auto& [ref, commit] : refs_in(folder / "refs")) {
    if (std::find(commits.begin(), commits.end(), commit) == commits.end()) continue;
    revisions.push_back(ref);
    named.insert(commit);
  }
  for (const std::string& commit : commits) {
    if (!named.contains(commit)) revisions.push_back(commit);
  }
  return revisions;
}

std::string commit_of(const Repository& repository, const fs::path& folder,
                      const std::vector<std::string>& commits) {
  const std::string& revision = repository.revision;
  const std::string named = read_ref(folder / "refs" / revision);
  if (!named.empty()) return named;
  if (std::find(commits.begin(), commits.end(), revision) != commits.end()) return revision;
  if (!is_hex(revision, kShortestCommit, kWholeCommit)) return {};
  const std::string beginning = ascii_lower(revision);
  std::vector<std::string> alike;
  std::copy_if(commits.begin(), commits.end(), std::back_inserter(alike),
               [&](const std::string& commit) { return commit.starts_with(beginning); });
  check(alike.size() <= 1, "model {}: expected the beginning of one commit, found {}; give more of it",
        repository.to_string(), fmt::join(alike, " and "));
  return alike.empty() ? std::string() : alike.front();
}

}  // namespace

std::optional<Cache> Cache::found_in_environment() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    const std::string folder = path_variable(name);
    if (!folder.empty()) return Cache(folder);
  }
  const std::string home = hugging_face_home();
  return home.empty() ? std::nullopt : std::optional(Cache(home + "/hub"));
}

Cache Cache::from_environment() {
  std::optional<Cache> cache = found_in_environment();
  check(cache.has_value(),
        "hub cache, environment: expected HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME or HOME, found none; "
        "set one, or give -m a model's path");
  return *cache;
}

std::string Cache::folder(const Repository& repository) const {
  return fmt::format("{}/{}{}--{}", root_, kFolder, repository.owner, repository.name);
}

std::string Cache::snapshot(const Repository& repository, const std::string& commit) const {
  return folder(repository) + "/snapshots/" + commit;
}

std::string Cache::locks(const Repository& repository) const {
  return fmt::format("{}/.locks/{}{}--{}", root_, kFolder, repository.owner, repository.name);
}

std::string Cache::ref(const Repository& repository) const {
  return read_ref(fs::path(folder(repository)) / "refs" / repository.revision);
}

CachedModel Cache::find(const Repository& repository) const {
  const fs::path folder = this->folder(repository);
  const std::vector<std::string> commits = commits_in(folder / "snapshots");
  CachedModel found{.path = {}, .commit = {}, .revisions = revisions_in(folder, commits)};
  found.commit = commit_of(repository, folder, commits);
  if (found.commit.empty() && repository.revision == kMain && found.revisions == commits &&
      commits.size() == 1) {
    found.commit = commits.front();
    found.guessed = true;
  }
  if (std::find(commits.begin(), commits.end(), found.commit) != commits.end()) {
    found.path = snapshot(repository, found.commit);
  }
  return found;
}

std::vector<Repository> Cache::repositories() const {
  std::vector<Repository> found;
  std::error_code fault;
  fs::directory_iterator entry(root_, fault);
  for (; !fault && entry != fs::directory_iterator(); entry.increment(fault)) {
    std::error_code ignored;
    std::string name = entry->path().filename().string();
    if (!name.starts_with(kFolder) || !entry->is_directory(ignored)) continue;
    name.erase(0, kFolder.size());
    const size_t between = name.find("--");
    if (between == std::string::npos) continue;
    if (auto repository = parse_repository(name.replace(between, 2, "/"))) found.push_back(*repository);
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.id() < b.id(); });
  return found;
}

std::vector<Repository> Cache::named(const std::string& name) const {
  std::vector<Repository> found = repositories();
  std::erase_if(found, [&](const Repository& repository) { return repository.name != name; });
  return found;
}

std::vector<std::string> Cache::commits(const Repository& repository) const {
  return commits_in(fs::path(folder(repository)) / "snapshots");
}

std::vector<std::pair<std::string, std::string>> Cache::refs(const Repository& repository) const {
  return refs_in(fs::path(folder(repository)) / "refs");
}

std::string Cache::alike(const Repository& repository) const {
  const std::string wanted = ascii_lower(fs::path(folder(repository)).filename().string());
  std::error_code fault;
  fs::directory_iterator entry(root_, fault);
  for (; !fault && entry != fs::directory_iterator(); entry.increment(fault)) {
    std::string name = entry->path().filename().string();
    if (ascii_lower(name) != wanted) continue;
    name.erase(0, kFolder.size());
    return name.replace(name.find("--"), 2, "/");
  }
  return {};
}

std::string Cache::choices(const Repository& repository, const CachedModel& found) {
  if (found.revisions.empty()) return {};
  const std::string reason = found.commit.empty()
                                 ? fmt::format("no refs/{}", repository.revision)
                                 : fmt::format("refs/{} on commit {}, whose snapshot is not there",
                                               repository.revision, found.commit);
  return fmt::format("{}, but {}; choose with -m {}@{}", reason, fmt::join(found.revisions, ", "),
                     repository.id(), found.revisions.front());
}

}  // namespace janus::hub
