// The names in an archive: which member counts where several have one, and where links lead.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "cli/journal/key_hash.h"

namespace janus::cli {

// A member's name as unpacking would make it: no empty parts, "." or "..".
std::string clean_member_name(const std::string& name);

class ArchiveIndex {
 public:
  // path: the archive's, for messages.
  explicit ArchiveIndex(std::string path) : path_(std::move(path)) {}

  // In the archive's order, which also numbers files and links. Each throws Error where all that is held of
  // the archive would take more than 256 MiB.
  void add_file(const std::string& name);
  void add_folder(const std::string& name);
  // target: of a hard link, a member's name; of a symbolic one, a path as seen from the link's folder.
  void add_link(const std::string& name, const std::string& target, bool hard);

  // Whether the file or link of this number, counted from 0, is the last of its name.
  bool counts(const std::string& name, int64_t number) const;

  struct Destination {
    std::string file;     // the clean name of a member; empty if there is none
    std::string found;    // then, what the link leads to: "a link that leads back to itself"
    bool folder = false;  // it is one, which is in the archive
  };
  Destination destination_of(const std::string& link) const;
  // By clean name, as the archive spells them.
  std::map<std::string, std::string> links() const;

 private:
  struct Link {
    std::string spelled, target;
    bool hard = false;
  };

  void add(const std::string& clean);
  void hold(size_t bytes);

  std::string path_;
  int64_t added_ = 0;
  size_t held_bytes_ = 0;
  std::unordered_map<KeyHash, int64_t, HashOfKeyHash> last_;  // hash of a clean name -> number
  std::map<std::string, Link> links_;
  std::set<std::string> folders_;  // clean names
};

}  // namespace janus::cli
