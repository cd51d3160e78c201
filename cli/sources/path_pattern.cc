#include "cli/sources/path_pattern.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

namespace janus::cli {
namespace {

bool is_there(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

// `prefix` is empty or ends in a slash; `part` is one name of the path.
void add_matches(const std::string& prefix, const std::string& part, std::vector<std::string>& matches) {
  if (is_there(prefix + part)) {
    matches.push_back(prefix + part);
    return;
  }
  if (!is_pattern(part)) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(prefix.empty() ? "." : prefix.c_str()), closedir);
  if (folder == nullptr) return;
  const auto first = static_cast<std::ptrdiff_t>(matches.size());
  while (const dirent* entry = readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) matches.push_back(prefix + name);
  }
  std::sort(matches.begin() + first, matches.end());
}

}  // namespace

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

std::vector<std::string> matches_of(const std::string& pattern) {
  if (!is_pattern(pattern)) return {};
  std::vector<std::string> prefixes{""};
  for (size_t at = 0; at < pattern.size();) {
    const size_t end = std::min(pattern.find('/', at), pattern.size());
    const size_t next = std::min(pattern.find_first_not_of('/', end), pattern.size());
    const std::string part = pattern.substr(at, end - at), slashes = pattern.substr(end, next - end);
    std::vector<std::string> matches;
    for (const std::string& prefix : prefixes) {
      if (part.empty()) matches.push_back(prefix);  // of an absolute path
      if (!part.empty()) add_matches(prefix, part, matches);
    }
    if (!slashes.empty()) {
      std::erase_if(matches, [](const std::string& match) {
        struct stat status {};
        return !match.empty() && (stat(match.c_str(), &status) != 0 || !S_ISDIR(status.st_mode));
      });
    }
    for (std::string& match : matches) match += slashes;
    prefixes = std::move(matches);
    at = next;
  }
  return prefixes;
}

}  // namespace janus::cli
