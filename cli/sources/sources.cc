#include "cli/sources/sources.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "cli/journal/key.h"
#include "cli/sources/archive_source.h"
#include "cli/sources/file_bytes.h"
#include "cli/sources/file_kind.h"
#include "cli/sources/path_pattern.h"
#include "cli/sources/unit_lister.h"
#include "core/base/error.h"
#include "core/base/remedy.h"

namespace janus::cli {
namespace {

bool is_there(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

bool deliver_file(Unit unit, const SourceVisitor& visitor) {
  ListedImage image;
  image.key = key_of_path(clean_path(unit.path));
  image.path = std::move(unit.path);
  image.from_list = unit.from_list;
  image.fields = std::move(unit.fields);
  look_at_file(image.path, image.bytes, image.mtime, image.fault);
  return visitor.on_image(std::move(image), nullptr);
}

// Fisher-Yates; the standard's own shuffle may differ from library to library.
template <typename T>
void shuffle(std::vector<T>& values, uint32_t seed) {
  std::mt19937_64 random(seed);
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

}  // namespace

bool is_list(const std::string& path) { return path == "-" || (path.front() == '@' && !is_there(path)); }

bool is_standard_list(const std::string& path) { return path == "-" || (path == "@-" && is_list(path)); }

bool chooses_images(const SourceSettings& settings) {
  return !settings.where.empty() || settings.limit > 0 || settings.shards > 1 || !settings.include.empty() ||
         !settings.exclude.empty() || settings.nul_separated;
}

bool is_one_image(const SourceSettings& settings) {
  if (settings.paths.size() != 1 || chooses_images(settings)) return false;
  const std::string& path = settings.paths.front();
  if (path == "-") return true;
  if (is_list(path) || is_record_list_name(path) || is_archive_name(path)) return false;
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? !S_ISDIR(status.st_mode) : !is_pattern(path);
}

std::vector<std::string> input_files(const SourceSettings& settings) {
  std::vector<std::string> files = settings.paths;
  for (std::string& path : files) {
    if (is_list(path) && path != "-") path.erase(0, 1);  // the @
  }
  return files;
}

void check_sources(const SourceSettings& settings) {
  for (const std::string& path : settings.paths) {
    if (is_standard_list(path) || is_there(path)) continue;
    // What stands where nobody may look is that item's error; what is not there is a slip.
    const int fault = errno;
    const bool absent = fault == ENOENT || fault == ENOTDIR;
    if (path.front() == '@') {
      check(path.size() > 1 && is_there(path.substr(1)),
            "pictures, {}: expected a list of paths, found nothing there; {}", path,
            reading_remedy_of(ENOENT, path.substr(1)));
    } else if (is_pattern(path)) {
      check(!matches_of(path).empty(),
            "pictures, {}: expected a pattern of names that are there, found none that match; {}", path,
            path.find("://") == path.npos ? "check the pattern" : reading_remedy_of(ENOENT, path));
    } else {
      check(!absent,
            "pictures, {}: expected a folder, file, pattern, list or archive, found nothing there; {}", path,
            reading_remedy_of(fault, path));
    }
  }
}

void list_images(const SourceSettings& settings, const SourceVisitor& visitor) {
  const NameFilter filter(settings.include, settings.exclude);
  const auto deliver = [&](Unit unit) {
    return unit.archive ? list_archive(unit.path, filter, visitor) : deliver_file(std::move(unit), visitor);
  };
  if (!settings.shuffle) {
    UnitLister(settings, visitor, deliver).run();
    return;
  }
  std::vector<Unit> units;
  const auto keep = [&](Unit unit) {
    units.push_back(std::move(unit));
    return true;
  };
  UnitLister(settings, visitor, keep).run();
  shuffle(units, settings.seed);
  for (Unit& unit : units) {
    if (visitor.stopped() || !deliver(std::move(unit))) return;
  }
}

namespace {

// A pipe, as of @<(find ...): what one reader takes of it, another does not get.
bool is_read_once(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace

std::optional<int64_t> count_images(const SourceSettings& settings, const std::function<bool()>& stopped) {
  const std::vector<std::string> files = input_files(settings);
  if (std::any_of(settings.paths.begin(), settings.paths.end(), is_standard_list) ||
      std::any_of(files.begin(), files.end(), is_read_once))
    return std::nullopt;
  int64_t count = 0;
  bool known = true;
  const SourceVisitor silent{
      .on_image = nullptr,
      .on_fault = [](const std::string&) {},
      .on_archive = nullptr,
      .on_passed_over = [](const std::string&, const std::string&, const std::string&) {},
      .stopped = stopped};
  const auto add = [&](const Unit& unit) {
    ++count;
    known = known && !unit.archive;
    return known;
  };
  UnitLister(settings, silent, add).run();
  return known && !stopped() ? std::optional(count) : std::nullopt;
}

}  // namespace janus::cli
