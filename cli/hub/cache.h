// The hub's cache on this machine, in the layout of huggingface_hub, which other programs share:
//   ROOT/models--OWNER--REPO/blobs/HASH              contents, named by sha256 or git's blob hash
//   ROOT/models--OWNER--REPO/refs/REVISION           the commit a branch or tag stood at
//   ROOT/models--OWNER--REPO/snapshots/COMMIT/FILE   relative links into blobs
//   ROOT/.locks/models--OWNER--REPO/HASH.lock        locked with flock by whoever writes that blob
#pragma once

#include <string>
#include <vector>

#include "cli/hub/repository.h"

namespace janus::hub {

// What the cache has of a repository.
struct CachedModel {
  std::string path;                    // the revision's snapshot folder; empty where it is not there
  std::vector<std::string> revisions;  // that are there, for messages: refs, and commits without one
};

class Cache {
 public:
  explicit Cache(std::string root) : root_(std::move(root)) {}

  // $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or
  // ~/.cache/huggingface/hub: the first whose variable is set. Throws Error where the user has no home
  // either.
  static Cache from_environment();

  const std::string& root() const { return root_; }
  std::string folder(const Repository& repository) const;
  std::string locks(const Repository& repository) const;

  // Looks the revision up among refs, then as a whole commit, then as the beginning of one. Throws Error if
  // several commits begin so.
  CachedModel find(const Repository& repository) const;

 private:
  std::string root_;
};

}  // namespace janus::hub
