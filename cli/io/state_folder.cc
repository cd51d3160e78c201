#include "cli/io/state_folder.h"

#include <cstdlib>
#include <filesystem>

namespace janus::cli {

// The XDG specification has relative paths ignored.
std::string state_folder() {
  const char* folder = std::getenv("XDG_STATE_HOME");
  if (folder != nullptr && *folder == '/') return (std::filesystem::path(folder) / "janus").string();
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return (std::filesystem::path(home) / ".local" / "state" / "janus").string();
}

}  // namespace janus::cli
