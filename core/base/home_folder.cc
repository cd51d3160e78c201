#include "core/base/home_folder.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace janus {
namespace {

std::string home_in(const passwd* user) {
  return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "";
}

}  // namespace

std::string home_folder() {
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? home : home_in(getpwuid(getuid()));
}

std::string expand_home(const std::string& path) {
  if (!path.starts_with('~')) return path;
  const size_t end = std::min(path.find('/'), path.size());
  const std::string name = path.substr(1, end - 1);
  std::string home = name.empty() ? home_folder() : home_in(getpwnam(name.c_str()));
  if (home.empty()) return path;
  while (home.ends_with('/') && end < path.size()) home.pop_back();
  return home + path.substr(end);
}

}  // namespace janus
