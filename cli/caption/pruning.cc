#include "cli/caption/pruning.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "cli/io/output_file.h"
#include "cli/journal/key.h"
#include "cli/sources/archive_index.h"
#include "cli/sources/sources.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReplacement = "\uFFFD";

// Whether a folder holds anything but hidden names, as the place of a disk that is away does not.
bool holds_names(const std::string& folder) {
  std::error_code fault;
  for (fs::directory_iterator entry(folder, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault)) {
    if (!is_hidden_name(entry->path().filename().string())) return true;
  }
  return false;
}

bool absent(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

// Whether the way to `path` ends at a link that leads nowhere: what is behind it is away, not gone.
bool behind_lost_link(const std::string& path) {
  fs::path above = fs::path(path).parent_path();
  while (!above.empty() && absent(above.string())) above = above.parent_path();
  std::error_code fault;
  return !above.empty() && fs::is_symlink(above, fault) && !fs::exists(above, fault);
}

bool is_below(const std::string& identity, const std::string& root) {
  if (root == ".") return !identity.starts_with('/');
  return identity.starts_with(root == "/" ? root : root + "/");
}

std::string text_of(const Json& record, const char* key) {
  const auto value = record.find(key);
  return value != record.end() && value->is_string() ? value->get<std::string>() : "";
}

}  // namespace

Pruning::Pruning(const SourceSettings& sources) : filter_(sources.include, sources.exclude) {
  for (const std::string& path : sources.paths) {
    std::error_code fault;
    if (is_list(path) || !fs::is_directory(path, fault)) continue;
    check(holds_names(path),
          "folder, {}: expected pictures in a folder whose records --prune compares with it, found it empty; "
          "mount its disk, or leave --prune out",
          path);
    roots_.push_back(identity_of_key(key_of_path(path)));
  }
}

void Pruning::note(const ListedImage& image) {
  if (image.in_archive) listed_members_.insert(hash_of_key(identity_of_key(image.key)));
}

void Pruning::note_whole(const ListedImage& archive) { whole_archives_.insert(identity_of_key(archive.key)); }

bool Pruning::gone(const Json& record) const {
  const std::string key = text_of(record, "key");
  std::string path = text_of(record, "path");
  // JSON does not hold the bytes of a name that is no UTF-8; its key does.
  const bool in_archive = record.contains("archive_bytes");
  if (in_archive && path.find(kReplacement) != std::string::npos) return false;
  if (!in_archive && absent(path)) path = path_of_key(key);
  if (!absent(path)) return in_archive && member_gone(key, path);
  return file_gone(path);
}

bool Pruning::file_gone(const std::string& path) const {
  if (behind_lost_link(path)) return false;
  const std::string identity = identity_of_key(key_of_path(path));
  const bool named = std::any_of(roots_.begin(), roots_.end(),
                                 [&](const std::string& root) { return is_below(identity, root); });
  return named || holds_names(folder_of(path));
}

bool Pruning::member_gone(const std::string& key, const std::string& archive) const {
  const std::string identity = identity_of_key(key);
  const std::string whole = identity_of_key(key_of_path(clean_path(archive)));
  if (!whole_archives_.contains(whole) || !identity.starts_with(whole + "/")) return false;
  if (listed_members_.contains(hash_of_key(identity))) return false;
  return filter_.chooses_path(clean_member_name(identity.substr(whole.size() + 1)));
}

}  // namespace janus::cli
