// Which files of a folder or an archive are images to take.
#pragma once

#include <string>
#include <vector>

namespace janus::cli {

class NameFilter {
 public:
  // Globs: one with a slash is about the whole path below the folder or in the archive, one without about the
  // name.
  NameFilter(std::vector<std::string> include, std::vector<std::string> exclude);

  // A file that an image's extension ends, that any of `include` matches (or there are none) and none of
  // `exclude`.
  bool takes_file(const std::string& relative) const;
  // A folder that none of `exclude` matches.
  bool enters_folder(const std::string& relative) const;

 private:
  std::vector<std::string> include_, exclude_;
};

bool is_archive_name(const std::string& path);      // .tar, also compressed
bool is_record_list_name(const std::string& path);  // .jsonl, .ndjson

}  // namespace janus::cli
