// The files of a model, wherever they are.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mapped_file.h"

namespace janus {

// A model's files by name ("config.json"): a folder on disk, files built into the program, or files inside
// another.
class FileSet {
 public:
  // Lists the regular files (and links to such) directly in `path`. Throws if there is no such folder, and
  // for a link that leads nowhere: what a model needs would silently be missing. Hidden names do not count.
  static FileSet folder(const std::string& path);
  // Refers to the bytes, which must live as long as the program.
  static FileSet builtin(std::string name, std::map<std::string, std::span<const std::byte>> files);
  // Keeps what owns the bytes.
  static FileSet in_memory(std::string name, std::map<std::string, FileBytes> files);

  const std::string& name() const { return name_; }  // the path, or the built-in's name: for messages
  std::string path(std::string_view file) const;     // of one file: for messages
  bool contains(std::string_view file) const;
  // Where `file` is missing: throws Error if a folder, a pipe or a device has its name.
  void check_no_other(std::string_view file) const;
  std::vector<std::string> files() const;                // sorted
  bool is_folder() const { return in_memory_.empty(); }  // on disk, at name()
  // Maps the file read-only. Throws with the path if it cannot be opened or mapped, or if something else was
  // saved in the file's place (core/checkpoint/stand_in.h).
  FileBytes read(std::string_view file) const;
  // The file parsed as JSON. Throws with the path and the place of the first fault.
  nlohmann::json json(std::string_view file) const;

 private:
  std::string name_;
  std::map<std::string, FileBytes, std::less<>> in_memory_;
  std::set<std::string, std::less<>> names_;  // of a folder
};

}  // namespace janus
