#include "cli/caption/sidecar_places.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/sources/path_pattern.h"
#include "cli/sources/sources.h"
#include "core/base/atomic_file.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// Without links, as far as it is there.
std::string resolved(const std::string& folder) {
  std::error_code fault;
  const fs::path path = fs::weakly_canonical(folder, fault);
  return fault ? std::string() : path.string();
}

// The folder that an argument of the command line stands for.
std::string folder_named_by(const std::string& argument) {
  std::error_code fault;
  if (is_list(argument)) {
    const std::string list = argument == "-" ? argument : argument.substr(1);
    return fs::is_regular_file(list, fault) ? folder_of(list) : ".";
  }
  if (fs::is_directory(argument, fault)) return argument;
  std::string folder = folder_of(argument);
  while (!fs::exists(fs::symlink_status(folder, fault)) && is_pattern(folder)) folder = folder_of(folder);
  return folder;
}

bool is_in(const std::string& path, const std::string& folder) {
  if (folder == "/" || path == folder) return !path.empty();
  return path.starts_with(folder + "/");
}

}  // namespace

SidecarPlaces::SidecarPlaces(const SourceSettings& sources) {
  for (const std::string& path : sources.paths) {
    std::string folder = resolved(folder_named_by(path));
    if (!folder.empty()) folders_.push_back(std::move(folder));
  }
}

bool SidecarPlaces::hold(const std::string& path) {
  const auto [known, fresh] = known_.try_emplace(folder_of(path), false);
  if (fresh) {
    const std::string folder = resolved(known->first);
    known->second = !folder.empty() && std::any_of(folders_.begin(), folders_.end(),
                                                   [&](const std::string& in) { return is_in(folder, in); });
  }
  return known->second;
}

}  // namespace janus::cli
