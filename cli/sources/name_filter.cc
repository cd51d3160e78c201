#include "cli/sources/name_filter.h"

#include <fnmatch.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

namespace janus::cli {
namespace {

// Of Synology, QNAP, desktops, Windows, macOS, ext4; `*` stands for a user's number.
constexpr std::array kKeepingFolders{"@eaDir",
                                     "#recycle",
                                     "#snapshot",
                                     "@Recycle",
                                     "@Recently-Snapshot",
                                     ".@__thumb",
                                     ".thumbnails",
                                     ".Trash",
                                     ".Trash-*",
                                     ".Trashes",
                                     "$RECYCLE.BIN",
                                     "RECYCLER",
                                     "System Volume Information",
                                     "lost+found",
                                     "__MACOSX",
                                     ".AppleDouble"};

bool any_matches(const std::vector<std::string>& globs, const std::string& relative) {
  const std::string name = relative.substr(relative.rfind('/') + 1);
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const bool whole = glob.find('/') != std::string::npos;
    return fnmatch(glob.c_str(), whole ? relative.c_str() : name.c_str(), FNM_CASEFOLD) == 0;
  });
}

}  // namespace

NameFilter::NameFilter(std::vector<std::string> include, std::vector<std::string> exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {}

bool NameFilter::chooses_file(const std::string& relative) const {
  return (include_.empty() || any_matches(include_, relative)) && !any_matches(exclude_, relative);
}

bool NameFilter::enters_folder(const std::string& relative) const { return !any_matches(exclude_, relative); }

bool NameFilter::chooses_path(const std::string& relative) const {
  for (size_t slash = relative.find('/'); slash != std::string::npos; slash = relative.find('/', slash + 1)) {
    if (!enters_folder(relative.substr(0, slash))) return false;
  }
  return chooses_file(relative);
}

bool is_hidden_name(const std::string& name) { return name.front() == '.'; }

bool is_keeping_folder(const std::string& name) {
  return std::any_of(kKeepingFolders.begin(), kKeepingFolders.end(),
                     [&](const char* folder) { return fnmatch(folder, name.c_str(), FNM_CASEFOLD) == 0; });
}

}  // namespace janus::cli
