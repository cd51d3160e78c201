#include "cli/caption/sources.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "cli/app/command.h"
#include "cli/caption/archive.h"
#include "cli/caption/file_bytes.h"
#include "cli/caption/folder_walk.h"
#include "cli/caption/path_list.h"
#include "cli/journal/key.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

bool is_list(const std::string& path) { return path == "-" || path.front() == '@'; }

bool exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

// What a pattern matches; nothing if it is none.
std::vector<std::string> matches_of(const std::string& path) {
  if (path.find_first_of("*?[") == std::string::npos) return {};
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(path.c_str(), 0, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return paths;
}

// Lists files and archives; what becomes of each is for `on_unit` to say.
class UnitLister {
 public:
  // False ends the listing.
  using OnUnit = std::function<bool(const std::string& path, bool archive)>;

  UnitLister(const SourceSettings& settings, const std::function<void(const std::string&)>& on_fault,
             const std::function<bool()>& stopped, OnUnit on_unit)
      : settings_(settings),
        filter_(settings.include, settings.exclude),
        on_fault_(on_fault),
        stopped_(stopped),
        on_unit_(std::move(on_unit)) {}

  void run() {
    for (const std::string& path : settings_.paths) {
      const bool list = is_list(path);
      if (list) add_list(path == "-" ? path : path.substr(1));
      if (!list) add_path(path);
      if (ended_) return;
    }
  }

 private:
  bool unit(const std::string& path, bool archive) {
    // By the name alone: a machine keeps its share whatever is added to the folder later.
    const bool ours = settings_.shards == 1 || static_cast<int64_t>(hash_of_key(key_of_path(path))[1] %
                                                                    settings_.shards) == settings_.shard - 1;
    if (ours && !on_unit_(path, archive)) ended_ = true;
    if (stopped_()) ended_ = true;
    return !ended_;
  }

  bool add_path(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      const std::vector<std::string> matches = matches_of(path);
      if (matches.empty()) return unit(path, false);  // its record says that it is not there
      return std::all_of(matches.begin(), matches.end(),
                         [&](const std::string& match) { return add_path(match); });
    }
    if (S_ISDIR(status.st_mode)) {
      walk_folder(path, filter_, {[&](const std::string& file) { return unit(file, false); }, on_fault_});
      return !ended_;
    }
    if (is_record_list_name(path)) {
      add_record_list(path);
      return !ended_;
    }
    return unit(path, is_archive_name(path));
  }

  void add_list(const std::string& path) {
    read_or_tell([&] {
      read_pieces(
          path, settings_.nul_separated ? '\0' : '\n',
          [&](const std::string& entry) { return add_path(entry); }, stopped_);
    });
  }

  void add_record_list(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    int64_t number = 0;
    read_or_tell([&] {
      read_pieces(
          path, '\n',
          [&](const std::string& line) {
            ++number;
            std::string name, found;
            if (read_field(line, settings_.image_field, name, found))
              return unit((folder / name).string(), false);
            on_fault_(
                fmt::format("list, {} entry {}: expected an object with a text as \"{}\", found {}; see "
                            "--image-field",
                            path, number, settings_.image_field, found));
            return true;
          },
          stopped_);
    });
  }

  void read_or_tell(const std::function<void()>& action) {
    if (const std::optional<std::string> fault = error_of(action)) on_fault_(*fault);
  }

  const SourceSettings& settings_;
  NameFilter filter_;
  const std::function<void(const std::string&)>& on_fault_;
  const std::function<bool()>& stopped_;
  OnUnit on_unit_;
  bool ended_ = false;
};

bool deliver_file(const std::string& path, const SourceVisitor& visitor) {
  ListedImage image;
  image.key = key_of_path(path);
  image.path = path;
  look_at_file(path, image.bytes, image.mtime, image.fault);
  return visitor.on_image(std::move(image), nullptr);
}

bool deliver_archive(const std::string& path, const NameFilter& filter, const SourceVisitor& visitor) {
  bool going_on = true;
  const std::optional<std::string> fault = error_of([&] {
    read_archive(path, [&](const ArchiveMember& member, const std::function<std::string()>& content) {
      if (!filter.takes_file(member.name)) return true;
      ListedImage image;
      image.key = key_of_path(path + "/" + member.name);
      image.path = path;
      image.bytes = member.bytes;
      image.mtime = member.mtime;
      image.in_archive = true;
      going_on = visitor.on_image(std::move(image), content);
      return going_on;
    });
  });
  if (fault) visitor.on_fault(*fault);
  return going_on;
}

// Fisher-Yates; the standard's own shuffle may differ from library to library.
template <typename T>
void shuffle(std::vector<T>& values, uint32_t seed) {
  std::mt19937_64 random(seed);
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

}  // namespace

void check_sources(const SourceSettings& settings) {
  for (const std::string& path : settings.paths) {
    if (path == "-" || exists(path)) continue;
    if (path.front() == '@' && exists(path.substr(1))) continue;
    const bool pattern = path.find_first_of("*?[") != std::string::npos;
    check(pattern && !matches_of(path).empty(),
          "pictures, {}: expected {}, found nothing there; check the path", path,
          path.front() == '@' ? "a list of paths" : "a folder, file, pattern, list or archive");
  }
}

void list_images(const SourceSettings& settings, const SourceVisitor& visitor) {
  const NameFilter filter(settings.include, settings.exclude);
  const auto deliver = [&](const std::string& path, bool archive) {
    return archive ? deliver_archive(path, filter, visitor) : deliver_file(path, visitor);
  };
  if (!settings.shuffle) {
    UnitLister(settings, visitor.on_fault, visitor.stopped, deliver).run();
    return;
  }
  std::vector<std::pair<std::string, bool>> units;
  const auto keep = [&](const std::string& path, bool archive) {
    units.emplace_back(path, archive);
    return true;
  };
  UnitLister(settings, visitor.on_fault, visitor.stopped, keep).run();
  shuffle(units, settings.seed);
  for (const auto& [path, archive] : units) {
    if (visitor.stopped() || !deliver(path, archive)) return;
  }
}

std::optional<int64_t> count_images(const SourceSettings& settings, const std::function<bool()>& stopped) {
  if (std::find(settings.paths.begin(), settings.paths.end(), "-") != settings.paths.end())
    return std::nullopt;
  int64_t count = 0;
  bool known = true;
  const std::function<void(const std::string&)> ignore = [](const std::string&) {};
  const auto add = [&](const std::string&, bool archive) {
    ++count;
    known = known && !archive;
    return known;
  };
  UnitLister(settings, ignore, stopped, add).run();
  return known && !stopped() ? std::optional(count) : std::nullopt;
}

}  // namespace janus::cli
