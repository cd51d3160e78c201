#include "core/checkpoint/own_file.h"

#include <filesystem>

#include "core/base/error.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

fs::path without_links(const std::string& path) {
  std::error_code fault;
  fs::path real = fs::canonical(path, fault);
  check(!fault, "{}: expected a file that can be looked at, found: {}; restore it, or remove it", path,
        fault.message());
  return real;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  for (fs::path at = path.parent_path(); at != at.parent_path(); at = at.parent_path()) {
    if (at == folder) return true;
  }
  return folder == folder.parent_path();
}

// Whether the hub's cache has `file` as a content of the snapshot that `folder` is or is in.
bool is_blob_of(const fs::path& file, const fs::path& folder) {
  for (fs::path at = folder; at != at.parent_path(); at = at.parent_path()) {
    const fs::path snapshots = at.parent_path();
    if (snapshots.filename() == "snapshots" && file.parent_path() == snapshots.parent_path() / "blobs")
      return true;
  }
  return false;
}

}  // namespace

void check_own(const std::string& folder, const std::string& path) {
  const fs::path real = without_links(path), within = without_links(folder.empty() ? "." : folder);
  check(is_below(real, within) || is_blob_of(real, within),
        "{}: expected a file of the model itself, found a link that leads out of its folder, to {}; put a "
        "copy in "
        "its place if it belongs to the model",
        path, real.string());
}

}  // namespace janus
