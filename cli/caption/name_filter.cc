#include "cli/caption/name_filter.h"

#include <fnmatch.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

namespace janus::cli {
namespace {

constexpr std::array<const char*, 8> kImageExtensions{".jpg", ".jpeg", ".png", ".webp",
                                                      ".gif", ".bmp",  ".tif", ".tiff"};
constexpr std::array<const char*, 9> kArchives{".tar",    ".tar.gz", ".tgz",     ".tar.bz2", ".tbz2",
                                               ".tar.xz", ".txz",    ".tar.zst", ".tzst"};
constexpr std::array<const char*, 2> kRecordLists{".jsonl", ".ndjson"};

template <size_t N>
bool ends_in_one_of(const std::string& path, const std::array<const char*, N>& ends) {
  return std::any_of(ends.begin(), ends.end(), [&](const std::string& end) {
    return path.size() > end.size() && strcasecmp(path.c_str() + path.size() - end.size(), end.c_str()) == 0;
  });
}

bool any_matches(const std::vector<std::string>& globs, const std::string& relative) {
  const std::string name = relative.substr(relative.rfind('/') + 1);
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    const bool whole = glob.find('/') != std::string::npos;
    return fnmatch(glob.c_str(), whole ? relative.c_str() : name.c_str(), 0) == 0;
  });
}

}  // namespace

NameFilter::NameFilter(std::vector<std::string> include, std::vector<std::string> exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {}

bool NameFilter::takes_file(const std::string& relative) const {
  return ends_in_one_of(relative, kImageExtensions) &&
         (include_.empty() || any_matches(include_, relative)) && !any_matches(exclude_, relative);
}

bool NameFilter::enters_folder(const std::string& relative) const { return !any_matches(exclude_, relative); }

bool is_archive_name(const std::string& path) { return ends_in_one_of(path, kArchives); }

bool is_record_list_name(const std::string& path) { return ends_in_one_of(path, kRecordLists); }

}  // namespace janus::cli
