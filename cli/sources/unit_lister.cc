#include "cli/sources/unit_lister.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "cli/app/command.h"
#include "cli/journal/key.h"
#include "cli/sources/file_kind.h"
#include "cli/sources/folder_walk.h"
#include "cli/sources/path_list.h"
#include "cli/sources/path_pattern.h"
#include "core/base/remedy.h"

namespace janus::cli {

void UnitLister::run() {
  for (const std::string& path : settings_.paths) {
    const bool list = is_list(path);
    const std::string of_list = list && path != "-" ? path.substr(1) : path;
    if (list && is_record_list_name(of_list)) {
      add_record_list(of_list);
    } else if (list) {
      add_list(of_list);
    }
    in_list_ = false;
    if (!list) add_argument(path);
    if (ended_) return;
  }
}

// By the clean name alone: a machine keeps its share whatever is added to the folder later.
bool UnitLister::is_ours(const std::string& path) const {
  if (settings_.shards == 1) return true;
  const uint64_t hash = hash_of_key(key_of_path(clean_path(path)))[1];
  return static_cast<int64_t>(hash % static_cast<uint64_t>(settings_.shards)) == settings_.shard - 1;
}

bool UnitLister::add_unit(Unit unit) {
  unit.from_list = in_list_;
  if (is_ours(unit.path) && !on_unit_(std::move(unit))) ended_ = true;
  if (visitor_.stopped()) ended_ = true;
  return !ended_;
}

bool UnitLister::add_argument(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return add_path(path);
  const int fault = errno;
  const std::vector<std::string> matches = matches_of(path);
  if (matches.empty() && (fault == ENOENT || fault == ENOTDIR)) {
    // What it was, nothing tells any more: a picture's record would stay where a folder comes back.
    visitor_.on_fault(fmt::format("pictures, {}: expected what was there before the work, found nothing; {}",
                                  path, reading_remedy_of(fault, path)));
    return !ended_;
  }
  if (matches.empty()) return add_path(path);
  return std::all_of(matches.begin(), matches.end(),
                     [&](const std::string& match) { return add_path(match); });
}

// A path as it is spelled.
bool UnitLister::add_path(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return add_unit({path});  // its record says that it is not there
  if (S_ISDIR(status.st_mode)) return add_folder(path);
  if (is_record_list_name(path)) {
    add_record_list(path);
    return !ended_;
  }
  if (is_other_archive_name(path)) {
    visitor_.on_fault(fmt::format(
        "archive, {}: expected a tar file, found one that is not read; unpack it and name the folder", path));
    return !ended_;
  }
  return add_unit({path, is_archive_name(path)});
}

bool UnitLister::add_folder(const std::string& path) {
  const auto on_file = [&](const std::string& file) {
    if (!is_ours(file)) return !visitor_.stopped();
    const FileKind kind = kind_of_file(file);
    if (kind.taken) return add_unit({file});
    if (!kind.one.empty()) visitor_.on_passed_over(kind.one, kind.many, file);
    return !visitor_.stopped();
  };
  walk_folder(path, filter_,
              {.on_file = on_file, .on_fault = visitor_.on_fault, .on_passed_over = visitor_.on_passed_over});
  return !ended_;
}

// Lines are paths as they are spelled: a list that a program wrote holds names, no patterns.
void UnitLister::add_list(const std::string& path) {
  in_list_ = true;
  read_or_tell([&] {
    read_entries(
        path, settings_.nul_separated ? EntryEnd::zero : EntryEnd::line, kLongestPath,
        [&](const std::string& entry) { return add_path(entry); }, visitor_.stopped);
  });
}

void UnitLister::add_record_list(const std::string& path) {
  const bool in_list = std::exchange(in_list_, true);
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  int64_t number = 0;
  read_or_tell([&] {
    read_entries(
        path, EntryEnd::line, kLongestRecord,
        [&](const std::string& line) {
          ++number;
          Unit unit;
          std::string found;
          if (read_item(line, settings_.image_field, unit.path, unit.fields, found)) {
            unit.path = (folder / unit.path).string();
            return add_unit(std::move(unit));
          }
          visitor_.on_fault(
              fmt::format("list, {} entry {}: expected an object with a path as \"{}\", found {}; see "
                          "--image-field",
                          path, number, settings_.image_field, found));
          return true;
        },
        visitor_.stopped);
  });
  in_list_ = in_list;
}

void UnitLister::read_or_tell(const std::function<void()>& action) {
  if (const std::optional<std::string> fault = error_of(action)) visitor_.on_fault(*fault);
}

}  // namespace janus::cli
