// Which records are about images that are gone.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "cli/io/json_output.h"
#include "cli/journal/key.h"
#include "cli/sources/listed_image.h"
#include "cli/sources/name_filter.h"
#include "cli/sources/settings.h"

namespace janus::cli {

class Pruning {
 public:
  // Throws Error where a folder that the command line names holds nothing: its disk is more likely away than
  // its images.
  explicit Pruning(const SourceSettings& sources);

  // An image that was listed.
  void note(const ListedImage& image);
  // An archive that was read to its end.
  void note_whole(const ListedImage& archive);

  // Whether the image is gone whose record it is: its file, from below a folder that is named or, elsewhere,
  // from a folder that still holds others; or the member, from an archive that was read to its end. Images
  // that the run only leaves out, and what cannot be looked at, are not.
  bool gone(const Json& record) const;

 private:
  bool file_gone(const std::string& path) const;
  bool member_gone(const std::string& key, const std::string& archive) const;

  std::vector<std::string> roots_;  // identities of the folders that are named
  NameFilter filter_;
  std::unordered_set<KeyHash, HashOfKeyHash> listed_members_;  // of identities
  std::unordered_set<std::string> whole_archives_;             // keys
};

}  // namespace janus::cli
