#include "cli/sources/archive_source.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "cli/app/command.h"
#include "cli/journal/key.h"
#include "cli/sources/archive.h"
#include "cli/sources/archive_index.h"
#include "cli/sources/file_bytes.h"
#include "cli/sources/file_kind.h"
#include "vision/image_kind.h"

namespace janus::cli {
namespace {

class ArchiveSource {
 public:
  ArchiveSource(const std::string& path, const NameFilter& filter, const SourceVisitor& visitor)
      : filter_(filter), visitor_(visitor) {
    archive_.key = key_of_path(clean_path(path));
    archive_.path = path;
    look_at_file(path, archive_.bytes, archive_.mtime, archive_.fault);
  }

  bool list() {
    const std::optional<std::string> fault = error_of([&] {
      read_archive(archive_.path,
                   {.wants = [this](const std::string& name) { return wants(name); },
                    .on_member = [this](const ArchiveMember& member,
                                        const MemberBytes& bytes) { return take(member, bytes); },
                    .on_lost_link = [this](const std::string& name,
                                           const std::string& found) { return take_lost_link(name, found); },
                    .on_passed_over = [this](const std::string& one,
                                             const std::string& many) { pass_over(one, many); },
                    .stopped = visitor_.stopped});
    });
    if (!going_on_) return false;
    archive_.fault = fault.value_or("");
    visitor_.on_archive(archive_);
    return true;
  }

 private:
  // By its name as unpacking would make it.
  bool wants(const std::string& name) {
    const std::string clean = clean_member_name(name);
    size_t begin = 0;
    for (size_t end = clean.find('/'); end != std::string::npos; end = clean.find('/', begin)) {
      const std::string folder = clean.substr(begin, end - begin), relative = clean.substr(0, end);
      begin = end + 1;
      if (!filter_.enters_folder(relative)) return false;
      if (is_keeping_folder(folder)) {
        if (kept_folders_.insert(relative).second) pass_over("folder " + folder, "folders " + folder);
        return false;
      }
      if (is_hidden_name(folder)) return false;
    }
    return !clean.empty() && !is_hidden_name(clean.substr(begin)) && filter_.chooses_file(clean);
  }

  bool take(const ArchiveMember& member, const MemberBytes& bytes) {
    std::optional<FileKind> kind = kind_by_name(member.name);
    if (!kind) {
      // Where the archive ends within them, its own error says so.
      const std::optional<std::string> fault =
          error_of([&] { kind = kind_by_head(member.name, bytes.head(kImageKindBytes)); });
      if (fault) return true;
    }
    if (!kind->taken) {
      if (!kind->one.empty()) pass_over(kind->one, kind->many);
      return true;
    }
    ListedImage image = image_of(member.name);
    image.bytes = member.bytes;
    image.mtime = member.mtime;
    return going_on_ = visitor_.on_image(std::move(image), bytes.all);
  }

  bool take_lost_link(const std::string& name, const std::string& found) {
    const std::optional<FileKind> kind = kind_by_name(name);
    if (!kind) pass_over("link to nothing", "links to nothing");
    if (!kind || !kind->taken) return true;
    ListedImage image = image_of(name);
    image.fault = fmt::format(
        "picture {}: expected a link to a file in the archive, found {}; pack the files themselves, with tar "
        "--dereference",
        image.key, found);
    return going_on_ = visitor_.on_image(std::move(image), nullptr);
  }

  ListedImage image_of(const std::string& name) const {
    ListedImage image;
    image.key = archive_.key + "/" + key_of_path(name);
    image.path = archive_.path;
    image.in_archive = true;
    image.archive_bytes = archive_.bytes;
    image.archive_mtime = archive_.mtime;
    return image;
  }

  void pass_over(const std::string& one, const std::string& many) {
    visitor_.on_passed_over(one, many, archive_.path);
  }

  const NameFilter& filter_;
  const SourceVisitor& visitor_;
  ListedImage archive_;
  std::set<std::string> kept_folders_;
  bool going_on_ = true;
};

}  // namespace

bool list_archive(const std::string& path, const NameFilter& filter, const SourceVisitor& visitor) {
  return ArchiveSource(path, filter, visitor).list();
}

}  // namespace janus::cli
