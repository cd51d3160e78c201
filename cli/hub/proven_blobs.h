// Which contents of the cache were held against their hashes, so that each is read through for that once.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace janus::hub {

// A content counts as long as its file is the one that was read: inode, size, and the times of change of
// content and inode, of which nobody can set the last one back. What is known stands in the repository's
// folder of the cache, as .janus-proven.
class ProvenBlobs {
 public:
  // folder: that of the repository. What cannot be read of what is known there counts as not known.
  explicit ProvenBlobs(std::string folder);

  // Whether the file at `path` was found to have that hash, and has not changed since.
  bool knows(const std::string& path, const std::string& hash) const;
  void add(const std::string& path, const std::string& hash);
  // Writes what was added. Where the disk refuses, the next one reads the contents again.
  void save();

 private:
  std::string file_;
  std::map<std::string, std::string> files_;  // hash -> what tells the file
  bool added_ = false;
};

}  // namespace janus::hub
