#include "cli/sources/folder_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/machine_fault.h"
#include "core/base/open_file.h"
#include "core/base/remedy.h"

namespace janus::cli {
namespace {

enum class Kind { file, folder, folder_link, other };

// What a link leads to. One that leads nowhere is a file that cannot be read.
Kind kind_of_link(const std::string& path) {
  struct stat target {};
  if (stat(path.c_str(), &target) != 0 || S_ISREG(target.st_mode)) return Kind::file;
  return S_ISDIR(target.st_mode) ? Kind::folder_link : Kind::other;
}

// The system tells most kinds with the name; the others cost a look.
Kind kind_of(const dirent& entry, const std::string& path) {
  if (entry.d_type == DT_REG) return Kind::file;
  if (entry.d_type == DT_DIR) return Kind::folder;
  if (entry.d_type == DT_LNK) return kind_of_link(path);
  struct stat status {};
  if (entry.d_type != DT_UNKNOWN || lstat(path.c_str(), &status) != 0) return Kind::other;
  if (S_ISLNK(status.st_mode)) return kind_of_link(path);
  return S_ISREG(status.st_mode) ? Kind::file : S_ISDIR(status.st_mode) ? Kind::folder : Kind::other;
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

// `relative` is what the filter sees of `folder`: empty, or ending in a slash. False ends the walk.
bool walk(const std::string& folder, const std::string& relative, const NameFilter& filter,
          const WalkVisitor& visitor) {
  std::vector<std::string> files, folders;
  {
    FileDescriptor opened = open_file(folder, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened.is_open() ? fdopendir(opened.get()) : nullptr,
                                                     closedir);
    if (stream == nullptr) {
      const int fault = errno;
      const std::string message = fmt::format("folder, {}: expected one that can be read, found: {}; {}",
                                              folder, std::strerror(fault), reading_remedy_of(fault, folder));
      if (is_machine_fault(fault)) throw MachineFault(message);
      visitor.on_fault(message);
      return true;
    }
    opened.release();
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::string path = joined(folder, name);
      const Kind kind = kind_of(*entry, path);
      const bool is_folder = kind == Kind::folder || kind == Kind::folder_link;
      if (is_folder && filter.enters_folder(relative + name) && is_keeping_folder(name)) {
        visitor.on_passed_over("folder " + name, "folders " + name, path);
      } else if (is_folder && filter.enters_folder(relative + name) && !is_hidden_name(name)) {
        if (kind == Kind::folder) folders.push_back(name);
        if (kind == Kind::folder_link) visitor.on_passed_over("link to a folder", "links to folders", path);
      }
      if (kind == Kind::file && !is_hidden_name(name) && filter.chooses_file(relative + name))
        files.push_back(name);
      errno = 0;
    }
    if (errno != 0) {
      const int fault = errno;
      const std::string message = fmt::format("folder, {}: expected all of it, found: {}; check the disk",
                                              folder, std::strerror(fault));
      if (is_machine_fault(fault)) throw MachineFault(message);
      visitor.on_fault(message);
    }
  }
  std::sort(files.begin(), files.end());
  for (const std::string& name : files) {
    if (!visitor.on_file(joined(folder, name))) return false;
  }
  files = {};
  std::sort(folders.begin(), folders.end());
  return std::all_of(folders.begin(), folders.end(), [&](const std::string& name) {
    return walk(joined(folder, name), relative + name + "/", filter, visitor);
  });
}

}  // namespace

void walk_folder(const std::string& folder, const NameFilter& filter, const WalkVisitor& visitor) {
  walk(folder, "", filter, visitor);
}

}  // namespace janus::cli
