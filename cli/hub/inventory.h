// What lies in the hub's cache, and taking it out again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/hub/cache.h"

namespace janus::hub {

struct CachedSnapshot {
  Repository repository;          // its revision is the first ref that names the commit, else the commit
  std::string commit, path;       // empty where a download has left contents alone
  std::vector<std::string> refs;  // that name the commit, sorted
  int64_t bytes = 0;              // of its files, each content once
};

// Every snapshot of every repository, and those repositories that have contents only, sorted by name.
std::vector<CachedSnapshot> snapshots(const Cache& cache);

// The repository that `name` names: owner/repo[@revision], or repo[@revision] where one of that name is in
// the cache. Throws Error listing the candidates where several are, and where none is.
Repository find_named(const Cache& cache, const std::string& name);

// What would be removed, and is only that: nothing of another revision, nothing outside the repository's
// folder.
struct Removal {
  Repository repository;
  bool whole = false;              // all of the repository; else one snapshot
  std::string commit;              // of that
  std::vector<std::string> paths;  // files, links and folders, in the order in which they go
  int64_t bytes = 0;               // that become free
};

// whole: all revisions. Else the repository's revision, with the contents that no other snapshot refers to;
// the last revision takes the whole repository with it. Throws Error where it is not there, is a link to
// elsewhere, or is being downloaded.
Removal plan_removal(const Cache& cache, const Repository& repository, bool whole);
// Throws Error where the disk refuses; what went before is gone.
void remove(const Removal& removal);

}  // namespace janus::hub
