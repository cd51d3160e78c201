// A commit's folder in the cache: a link, or the file itself, for each file of the model.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "cli/hub/cache.h"
#include "cli/hub/listing.h"

namespace janus::hub {

// Makes a symbolic link `path` to `target`. -> 0 or errno.
using MakeLink = std::function<int(const std::string& target, const std::string& path)>;
// The system's; none at all where $HF_HUB_DISABLE_SYMLINKS is on.
MakeLink make_link_of_environment();

// Refers to cache and repository, which must outlive it.
class Snapshot {
 public:
  Snapshot(const Cache& cache, const Repository& repository, std::string commit,
           MakeLink make_link = make_link_of_environment());

  const std::string& path() const { return path_; }
  // The place of a file's content among the blobs: there, whole, with the hash as its name.
  std::string blob(const RemoteFile& file) const;

  // Whether the file stands there with the size it must have, as a link to its blob or by itself.
  bool holds(const RemoteFile& file) const;
  // Whether a link to it leads nowhere.
  bool dangles(const RemoteFile& file) const;
  // The content, there or as a blob, whole by its size; empty where there is none.
  std::string content(const RemoteFile& file) const;

  // Puts all files in place, whose blobs must be there where holds() does not say so. Where the disk takes no
  // links the blob becomes the file if its hash is in `fresh`, and is copied if not: another snapshot may
  // have it. Whoever looks meanwhile finds no config.json, and so no model. Throws Error where the disk
  // refuses.
  void place(const std::vector<RemoteFile>& files, const std::set<std::string>& fresh) const;

  // Removes the file and its blob, as far as they are there. Throws Error where the disk refuses.
  void remove(const RemoteFile& file) const;

  // Whether links can be made beside the snapshot; its repository's folder must be there.
  bool takes_links() const;

  // Whether the revision is this commit, or points at it.
  bool is_named() const;
  // Points the revision at this commit. Throws Error where the disk refuses.
  void name_it() const;

 private:
  // Makes the link under another name and moves it to `path`. -> 0 or errno.
  int link_in_place(const std::string& target, const std::string& path) const;
  void place_one(const RemoteFile& file, bool fresh) const;

  const Cache& cache_;
  const Repository& repository_;
  std::string commit_, path_;
  MakeLink make_link_;
};

// Makes the folder and those above it. Throws Error where the disk refuses.
void make_folders(const std::string& path);
// Size of a regular file, through links; -1 where there is none.
int64_t size_of_file(const std::string& path);

}  // namespace janus::hub
