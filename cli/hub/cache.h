// The hub's cache on this machine, in the layout of huggingface_hub, which other programs share:
//   ROOT/models--OWNER--REPO/blobs/HASH              contents, named by sha256 or git's blob hash
//   ROOT/models--OWNER--REPO/refs/REVISION           the commit a branch or tag stood at
//   ROOT/models--OWNER--REPO/snapshots/COMMIT/FILE   relative links into blobs; the files themselves where
//                                                    links cannot be made
//   ROOT/.locks/models--OWNER--REPO/HASH.lock        locked with flock by whoever writes that blob
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/hub/repository.h"

namespace janus::hub {

// What mends a fault of the cache's disk, whatever it is: this variable comes before all others.
inline constexpr const char* kElsewhere =
    "free space or permission there, or set $HF_HUB_CACHE to another folder";
// The same where the cause is told beside it.
inline constexpr const char* kAnotherCache = "set $HF_HUB_CACHE to another folder";

// What the cache has of a repository.
struct CachedModel {
  std::string path;      // the revision's snapshot folder; empty where it is not there
  std::string commit;    // that the revision names, whether or not its snapshot is there; else empty
  bool guessed = false;  // no ref says which commit is meant, and this is the only one that is there
  std::vector<std::string> revisions;  // that are there, for messages: refs, and commits without one
};

class Cache {
 public:
  explicit Cache(std::string root) : root_(std::move(root)) {}

  // $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, or `hub` in hugging_face_home(): the first whose variable is set.
  // Throws Error where the user has no home either.
  static Cache from_environment();
  // The same; nothing in place of the error.
  static std::optional<Cache> found_in_environment();

  const std::string& root() const { return root_; }
  std::string folder(const Repository& repository) const;
  std::string snapshot(const Repository& repository, const std::string& commit) const;
  std::string locks(const Repository& repository) const;
  // The commit that a branch or tag stood at; empty where no ref says so.
  std::string ref(const Repository& repository) const;

  // Looks the revision up among refs, then as a whole commit, then as the beginning of one. The branch main
  // of a cache that has one snapshot and no refs is that snapshot. Throws Error if several commits begin so.
  CachedModel find(const Repository& repository) const;
  // All that are there, of any kind and revision, sorted; of each the branch main.
  std::vector<Repository> repositories() const;
  // Those whose name without its owner is `name`.
  std::vector<Repository> named(const std::string& name) const;
  // The snapshots that are there, sorted, and what each branch or tag stood at.
  std::vector<std::string> commits(const Repository& repository) const;
  std::vector<std::pair<std::string, std::string>> refs(const Repository& repository) const;
  // A repository of the same name but for capitals: "Owner/Repo"; empty where there is none.
  std::string alike(const Repository& repository) const;
  // Why find() has no path for it, and how to choose one that is there: "found C, which has none of them;
  // choose one: -m a/b@dev"; empty where nothing of it is there.
  static std::string choices(const Repository& repository, const CachedModel& found);

 private:
  std::string root_;
};

}  // namespace janus::hub
