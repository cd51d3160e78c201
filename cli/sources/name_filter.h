// Which names of a folder or an archive are looked at.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

class NameFilter {
 public:
  // Globs, in which upper and lower case are the same: one with a slash is about the whole path below the
  // folder or in the archive, one without about the name.
  NameFilter(std::vector<std::string> include, std::vector<std::string> exclude);

  // A file that any of `include` matches (or there are none) and none of `exclude`.
  bool chooses_file(const std::string& relative) const;
  // A folder that none of `exclude` matches.
  bool enters_folder(const std::string& relative) const;
  // A file that is chosen, in folders that are entered.
  bool chooses_path(const std::string& relative) const;

 private:
  std::vector<std::string> include_, exclude_;
};

bool is_hidden_name(const std::string& name);
// Folders in which other programs keep thumbnails, deleted files and the like: @eaDir, #recycle, __MACOSX.
bool is_keeping_folder(const std::string& name);

}  // namespace janus::cli
