#include "cli/hub/cache.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/error.h"

namespace janus::hub {
namespace fs = std::filesystem;
namespace {

constexpr size_t kShortestCommit = 4;  // as git has it
constexpr size_t kWholeCommit = 40;

// A variable's folder, with a leading ~ replaced; empty where it is not set.
std::string folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return {};
  const std::string path = value;
  const char* home = std::getenv("HOME");
  if (home != nullptr && (path == "~" || path.starts_with("~/"))) return home + path.substr(1);
  return path;
}

// The commit that a ref's file holds: empty where there is no such file, or something else in it.
std::string read_ref(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  std::ifstream file(path);
  std::string commit;
  file >> commit;
  return is_hex(commit, kShortestCommit, kWholeCommit) ? commit : std::string();
}

std::vector<std::string> commits_in(const fs::path& snapshots) {
  std::vector<std::string> commits;
  std::error_code fault;
  fs::directory_iterator entry(snapshots, fault);
  for (; !fault && entry != fs::directory_iterator(); entry.increment(fault)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().string();
    if (entry->is_directory(ignored) && is_hex(name, kShortestCommit, kWholeCommit)) commits.push_back(name);
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
  if (!is_hex(revision, kShortestCommit, kWholeCommit)) return {};
  std::vector<std::string> alike;
  std::copy_if(commits.begin(), commits.end(), std::back_inserter(alike),
               [&](const std::string& commit) { return commit.starts_with(revision); });
  check(alike.size() <= 1, "model {}: expected the beginning of one commit, found {}; give more of it",
        repository.to_string(), fmt::join(alike, " and "));
  return alike.empty() ? std::string() : alike.front();
}

}  // namespace

Cache Cache::from_environment() {
  std::string folder;
  if (folder = folder_of("HF_HUB_CACHE"); !folder.empty()) return Cache(folder);
  if (folder = folder_of("HUGGINGFACE_HUB_CACHE"); !folder.empty()) return Cache(folder);
  if (folder = folder_of("HF_HOME"); !folder.empty()) return Cache(folder + "/hub");
  if (folder = folder_of("XDG_CACHE_HOME"); !folder.empty()) return Cache(folder + "/huggingface/hub");
  folder = folder_of("HOME");
  const passwd* user = getpwuid(getuid());
  if (folder.empty() && user != nullptr && user->pw_dir != nullptr) folder = user->pw_dir;
  check(!folder.empty(),
        "hub cache, environment: expected HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME or HOME, found none; "
        "set one, or give -m a model's path");
  return Cache(folder + "/.cache/huggingface/hub");
}

std::string Cache::folder(const Repository& repository) const {
  return (fs::path(root_) / fmt::format("models--{}--{}", repository.owner, repository.name)).string();
}

std::string Cache::locks(const Repository& repository) const {
  return (fs::path(root_) / ".locks" / fmt::format("models--{}--{}", repository.owner, repository.name))
      .string();
}

CachedModel Cache::find(const Repository& repository) const {
  const fs::path folder = this->folder(repository);
  const std::vector<std::string> commits = commits_in(folder / "snapshots");
  CachedModel found{.path = {}, .revisions = revisions_in(folder, commits)};
  const std::string commit = commit_of(repository, folder, commits);
  if (std::find(commits.begin(), commits.end(), commit) != commits.end()) {
    found.path = (folder / "snapshots" / commit).string();
  }
  return found;
}

}  // namespace janus::hub
