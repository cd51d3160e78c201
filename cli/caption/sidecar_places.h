// Where the sidecars of pictures may go that a list names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/sources/settings.h"

namespace janus::cli {

// A list may come from anyone, and name any picture of this machine: what it names has a sidecar below a
// folder of the command line alone. Those are its folders, the folders of its files and patterns, and of its
// lists; of a list that is no file - standard input, a pipe - the current folder.
class SidecarPlaces {
 public:
  explicit SidecarPlaces(const SourceSettings& sources);

  // Whether the folder of `path` is one of them or below one, with all links followed.
  bool hold(const std::string& path);

 private:
  std::vector<std::string> folders_;   // without links
  std::map<std::string, bool> known_;  // by folder as it is spelled
};

}  // namespace janus::cli
