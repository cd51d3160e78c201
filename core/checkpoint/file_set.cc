#include "core/checkpoint/file_set.h"

#include <filesystem>
#include <system_error>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/remedy.h"
#include "core/checkpoint/stand_in.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

// Throws where a link's target is not there. `name` is in the folder `path`.
void check_leads_somewhere(const fs::directory_entry& entry, const std::string& name,
                           const std::string& path) {
  std::error_code fault, ignored;
  const fs::file_status status = entry.status(fault);
  if (status.type() == fs::file_type::not_found || fault == std::errc::too_many_symbolic_link_levels) {
    fail(
        "model {}: expected a file behind every link, found that {} leads to {}, which is not there; "
        "restore "
        "or download that file, or remove the link",
        path, name, fs::read_symlink(entry.path(), ignored).string());
  }
  check(status.type() != fs::file_type::none, "model {}: expected {} to be readable, found: {}; {}", path,
        name, fault.message(), reading_remedy_of(fault.value()));
}

}  // namespace

FileSet FileSet::folder(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  check(status.type() != fs::file_type::not_found,
        "model {}: no such folder; download one, for example with `hf download "
        "deepseek-community/Janus-Pro-1B --local-dir Janus-Pro-1B`, and give its folder",
        path);
  check(status.type() != fs::file_type::none, "model {}: expected a folder that can be read, found: {}; {}",
        path, error.message(), reading_remedy_of(error.value()));
  check(fs::is_directory(status),
        "model {}: expected a folder with config.json and weights, found a file; give the folder", path);

  FileSet set;
  set.name_ = path;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    // Editors lock what they edit with hidden links that lead nowhere.
    if (!name.starts_with('.')) check_leads_somewhere(*entry, name, path);
    if (entry->is_regular_file(ignored)) set.names_.insert(name);
  }
  check(!error, "model {}: expected a folder that can be read, found: {}; {}", path, error.message(),
        reading_remedy_of(error.value()));
  return set;
}

FileSet FileSet::builtin(std::string name, std::map<std::string, std::span<const std::byte>> files) {
  std::map<std::string, FileBytes> held;
  while (!files.empty()) {
    auto file = files.extract(files.begin());
    held.emplace(std::move(file.key()), FileBytes{file.mapped(), nullptr});
  }
  return in_memory(std::move(name), std::move(held));
}

FileSet FileSet::in_memory(std::string name, std::map<std::string, FileBytes> files) {
  FileSet set;
  set.name_ = std::move(name);
  for (auto& file : files) set.in_memory_.insert(std::move(file));
  return set;
}

std::string FileSet::path(std::string_view file) const {
  if (!in_memory_.empty()) return fmt::format("{}: {}", name_, file);
  return (fs::path(name_) / file).string();
}

bool FileSet::contains(std::string_view file) const {
  return names_.contains(file) || in_memory_.contains(file);
}

void FileSet::check_no_other(std::string_view file) const {
  std::error_code ignored;
  if (!is_folder() || contains(file)) return;
  const fs::file_status status = fs::status(path(file), ignored);
  check(!fs::exists(status), "model {}: expected the file {}, found a {} of that name; put the file there",
        name_, file, fs::is_directory(status) ? "folder" : "pipe or device");
}

std::vector<std::string> FileSet::files() const {
  std::vector<std::string> files(names_.begin(), names_.end());
  for (const auto& [file, bytes] : in_memory_) files.push_back(file);
  return files;
}

FileBytes FileSet::read(std::string_view file) const {
  // Only listed names: a name that comes from a file (a shard in an index) must not lead out of the folder.
  check(contains(file), "{}: no such file", path(file));
  const auto found = in_memory_.find(file);
  if (found != in_memory_.end()) return found->second;
  const std::string where = path(file);
  const FileBytes bytes = map_file(where);
  check_no_stand_in(bytes.bytes, where);
  return bytes;
}

nlohmann::json FileSet::json(std::string_view file) const {
  const FileBytes content = read(file);
  const auto* text = reinterpret_cast<const char*>(content.bytes.data());
  return parse_json({text, content.bytes.size()}, path(file), DuplicateKeys::last_wins, kMendFile);
}

}  // namespace janus
