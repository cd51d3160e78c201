#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "cli/sources/archive.h"
#include "cli/sources/archive_index.h"
#include "cli/sources/file_bytes.h"
#include "core/base/machine_fault.h"
#include "core/base/transient_error.h"

namespace janus::cli {
namespace {

constexpr size_t kReadBlock = size_t{1} << 18;

using Handle = std::unique_ptr<archive, int (*)(archive*)>;

// Throws MachineFault where that is what stopped the reading.
std::string fault_in(archive* reader, const std::string& path) {
  const char* reason = archive_error_string(reader);
  if (is_machine_fault(archive_errno(reader))) {
    throw MachineFault(
        fmt::format("archive, {}: expected a file that can be read, found: {} ({}); check the disk, or close "
                    "other programs",
                    path, reason != nullptr ? reason : "none", std::strerror(archive_errno(reader))));
  }
  return fmt::format("archive, {}: expected a tar file, whole, found: {}; copy or download it again", path,
                     reason != nullptr ? reason : "none");
}

// Names are text in newer archives and bytes in older ones.
std::string text_of(const char* utf8, const char* bytes) {
  const char* name = utf8 != nullptr ? utf8 : bytes;
  return name != nullptr ? name : "";
}

struct Entry {
  enum class Kind { file, folder, hard_link, symbolic_link, other };
  Kind kind = Kind::other;
  ArchiveMember member;
  std::string target;  // of a link
};

Entry entry_of(archive_entry* header) {
  Entry entry;
  entry.member = {.name = text_of(archive_entry_pathname_utf8(header), archive_entry_pathname(header)),
                  .bytes = archive_entry_size(header),
                  .mtime = static_cast<double>(archive_entry_mtime(header)) +
                           static_cast<double>(archive_entry_mtime_nsec(header)) / 1e9};
  const std::string hard = text_of(archive_entry_hardlink_utf8(header), archive_entry_hardlink(header));
  const auto type = archive_entry_filetype(header);
  // Some archives store a hard link's bytes with it.
  if (!hard.empty() && entry.member.bytes == 0) {
    entry.kind = Entry::Kind::hard_link;
    entry.target = hard;
  } else if (type == AE_IFLNK) {
    entry.kind = Entry::Kind::symbolic_link;
    entry.target = text_of(archive_entry_symlink_utf8(header), archive_entry_symlink(header));
  } else if (type == AE_IFDIR) {
    entry.kind = Entry::Kind::folder;
  } else if (type == AE_IFREG) {
    entry.kind = Entry::Kind::file;
  }
  return entry;
}

// The bytes of the member that `reader` stands at.
class MemberReader {
 public:
  MemberReader(archive* reader, const std::string& path, const ArchiveMember& member)
      : reader_(reader), path_(path), member_(member) {}

  std::string head(size_t most_bytes) {
    fill(std::min(most_bytes, static_cast<size_t>(std::max<int64_t>(member_.bytes, 0))));
    return content_.substr(0, most_bytes);
  }

  // Leaves them here, too, if `keep`.
  std::string all(bool keep) {
    check(member_.bytes <= kMostImageBytes, "picture {}/{}: expected at most {} bytes, found {}", path_,
          member_.name, kMostImageBytes, member_.bytes);
    fill(static_cast<size_t>(member_.bytes));
    return keep ? content_ : std::move(content_);
  }

 private:
  void fill(size_t size) {
    size_t have = content_.size();
    if (have >= size) return;
    // What an archive says of a member's size may not be true: memory is touched as bytes come.
    content_.reserve(size);
    while (have < size) {
      if (have == content_.size()) content_.resize(std::min(size, have + kReadBlock));
      const la_ssize_t got = archive_read_data(reader_, content_.data() + have, content_.size() - have);
      if (got == ARCHIVE_RETRY || got == ARCHIVE_WARN) continue;
      if (got <= 0) {
        content_.resize(have);
        if (got < 0) (void)fault_in(reader_, path_);
        const char* reason = archive_error_string(reader_);
        throw TransientError(fmt::format(
            "picture {}/{}: expected {} bytes in the archive, found {} ({}); copy or download it again",
            path_, member_.name, size, have, reason != nullptr ? reason : "no more"));
      }
      have += static_cast<size_t>(got);
    }
  }

  archive* reader_;
  const std::string& path_;
  const ArchiveMember& member_;
  std::string content_;
};

// Lets the archive be compressed in the ways that libarchive undoes by itself. (For the others, and for these
// where it was built without their library, it would start programs of the PATH.)
void add_built_in_filters(archive* reader) {
  for (const auto add :
       {archive_read_support_filter_bzip2, archive_read_support_filter_compress,
        archive_read_support_filter_gzip, archive_read_support_filter_lz4, archive_read_support_filter_lzip,
        archive_read_support_filter_lzma, archive_read_support_filter_xz, archive_read_support_filter_zstd}) {
    const Handle trial(archive_read_new(), archive_read_free);
    if (trial != nullptr && add(trial.get()) == ARCHIVE_OK) add(reader);
  }
}

// Calls `visit` for each entry until it says false. Returns what is wrong with the archive, or nothing.
std::optional<std::string> read_entries(const std::string& path,
                                        const std::function<bool(const Entry&, archive*)>& visit) {
  const Handle reader(archive_read_new(), archive_read_free);
  if (reader == nullptr) throw std::bad_alloc();
  add_built_in_filters(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_set_option(reader.get(), "tar", "read_concatenated_archives", "1");
  if (archive_read_open_filename(reader.get(), path.c_str(), kReadBlock) != ARCHIVE_OK)
    return fault_in(reader.get(), path);
  std::optional<std::string> damage;
  archive_entry* header = nullptr;
  while (true) {
    const int state = archive_read_next_header(reader.get(), &header);
    if (state == ARCHIVE_EOF) return damage;
    if (state == ARCHIVE_RETRY) {
      // The next whole header is looked for; what stood before it is lost.
      if (!damage) damage = fault_in(reader.get(), path);
      continue;
    }
    if (state != ARCHIVE_OK && state != ARCHIVE_WARN) return fault_in(reader.get(), path);
    if (!visit(entry_of(header), reader.get())) return std::nullopt;
  }
}

bool is_link(const Entry& entry) {
  return entry.kind == Entry::Kind::hard_link || entry.kind == Entry::Kind::symbolic_link;
}

class ArchiveReading {
 public:
  ArchiveReading(const std::string& path, const ArchiveVisitor& visitor)
      : path_(path), visitor_(visitor), index_(path) {
    struct stat status {};
    again_ = stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  }

  void run() {
    // Damage is told by the reading that follows.
    if (again_) (void)read_entries(path_, [this](const Entry& entry, archive*) { return index(entry); });
    int64_t number = 0;
    const std::optional<std::string> fault = read_entries(path_, [&](const Entry& entry, archive* reader) {
      if (!again_ && !index(entry)) return false;
      const bool numbered = entry.kind == Entry::Kind::file || is_link(entry);
      if (numbered) going_on_ = visit(entry, number++, reader);
      return going_on_;
    });
    if (going_on_) visit_links();
    if (fault) throw TransientError(*fault);
  }

 private:
  bool index(const Entry& entry) {
    const std::string& name = entry.member.name;
    if (entry.kind == Entry::Kind::file) index_.add_file(name);
    if (entry.kind == Entry::Kind::folder) index_.add_folder(name);
    if (is_link(entry)) index_.add_link(name, entry.target, entry.kind == Entry::Kind::hard_link);
    return !visitor_.stopped();
  }

  bool visit(const Entry& entry, int64_t number, archive* reader) {
    const std::string& name = entry.member.name;
    if (!visitor_.wants(name)) return true;
    if (again_ && !index_.counts(name, number)) {
      visitor_.on_passed_over("member that a later one replaces", "members that later ones replace");
      return true;
    }
    if (is_link(entry)) return true;
    MemberReader bytes(reader, path_, entry.member);
    return visitor_.on_member(entry.member, {[&](size_t most_bytes) { return bytes.head(most_bytes); },
                                             [&] { return bytes.all(/*keep=*/false); }});
  }

  // A file may stand behind the links to it, so links wait for a reading of their own.
  void visit_links() {
    std::map<std::string, std::vector<std::string>> links_to;
    for (const auto& [clean, spelled] : index_.links()) {
      if (!visitor_.wants(spelled)) continue;
      const ArchiveIndex::Destination destination = index_.destination_of(clean);
      if (destination.folder) {
        visitor_.on_passed_over("link to a folder", "links to folders");
      } else if (destination.file.empty() || !again_) {
        const std::string found = destination.file.empty() ? destination.found : "a pipe, read only once";
        if (!visitor_.on_lost_link(spelled, found)) return;
      } else {
        links_to[destination.file].push_back(spelled);
      }
    }
    if (links_to.empty()) return;
    int64_t number = 0;
    (void)read_entries(path_, [&](const Entry& entry, archive* reader) {
      if (entry.kind != Entry::Kind::file && !is_link(entry)) return true;
      const bool counts = index_.counts(entry.member.name, number++);
      const auto found = links_to.find(clean_member_name(entry.member.name));
      return !counts || found == links_to.end() || visit_links_to(found->second, entry.member, reader);
    });
  }

  bool visit_links_to(const std::vector<std::string>& links, const ArchiveMember& target, archive* reader) {
    MemberReader bytes(reader, path_, target);
    return std::all_of(links.begin(), links.end(), [&](const std::string& link) {
      const ArchiveMember member{.name = link, .bytes = target.bytes, .mtime = target.mtime};
      return visitor_.on_member(member, {[&](size_t most_bytes) { return bytes.head(most_bytes); },
                                         [&] { return bytes.all(/*keep=*/true); }});
    });
  }

  const std::string& path_;
  const ArchiveVisitor& visitor_;
  bool again_ = false;  // it can be read several times
  bool going_on_ = true;
  ArchiveIndex index_;
};

}  // namespace

void read_archive(const std::string& path, const ArchiveVisitor& visitor) {
  ArchiveReading(path, visitor).run();
}

}  // namespace janus::cli
