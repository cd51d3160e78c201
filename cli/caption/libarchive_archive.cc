#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "cli/caption/archive.h"
#include "cli/caption/file_bytes.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

constexpr size_t kReadBlock = size_t{1} << 18;

using Handle = std::unique_ptr<archive, int (*)(archive*)>;

[[noreturn]] void refuse(archive* reader, const std::string& path) {
  const char* reason = archive_error_string(reader);
  fail("archive, {}: expected a tar file, whole, found: {}; check it", path,
       reason != nullptr ? reason : "none");
}

// Names are text in newer archives and bytes in older ones.
std::string name_of(archive_entry* entry) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  return name != nullptr ? name : "";
}

std::string content_of(archive* reader, const std::string& path, const ArchiveMember& member) {
  check(member.bytes <= kMostImageBytes, "picture {}/{}: expected at most {} bytes, found {}", path,
        member.name, kMostImageBytes, member.bytes);
  std::string content(static_cast<size_t>(member.bytes), '\0');
  size_t have = 0;
  while (have < content.size()) {
    const la_ssize_t got = archive_read_data(reader, content.data() + have, content.size() - have);
    if (got == ARCHIVE_RETRY || got == ARCHIVE_WARN) continue;
    if (got < 0) refuse(reader, path);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  content.resize(have);
  return content;
}

}  // namespace

void read_archive(const std::string& path, const MemberVisitor& visitor) {
  const Handle reader(archive_read_new(), archive_read_free);
  check(reader != nullptr, "archive, {}: expected memory to read it, found too little", path);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kReadBlock) != ARCHIVE_OK)
    refuse(reader.get(), path);
  archive_entry* entry = nullptr;
  while (true) {
    const int state = archive_read_next_header(reader.get(), &entry);
    if (state == ARCHIVE_EOF) return;
    if (state == ARCHIVE_RETRY) continue;
    if (state != ARCHIVE_OK && state != ARCHIVE_WARN) refuse(reader.get(), path);
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    const ArchiveMember member{.name = name_of(entry),
                               .bytes = archive_entry_size(entry),
                               .mtime = static_cast<double>(archive_entry_mtime(entry)) +
                                        static_cast<double>(archive_entry_mtime_nsec(entry)) / 1e9};
    if (!visitor(member, [&] { return content_of(reader.get(), path, member); })) return;
  }
}

}  // namespace janus::cli
