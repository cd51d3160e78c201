// Images in tar files, read as a stream: WebDataset's shards. By libarchive, which is in a module of its own
// (cli/sources/archive_module.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace janus::cli {

struct ArchiveMember {
  std::string name;
  int64_t bytes = 0;
  double mtime = 0;
};

// The bytes of the member that is visited: its first ones, then, once, all. Both throw TransientError if the
// archive does not give them, and serve until the visitor returns.
struct MemberBytes {
  std::function<std::string(size_t most_bytes)> head;
  std::function<std::string()> all;
};

struct ArchiveVisitor {
  // Whether on_member is to be called for a member, or a link, of this name.
  std::function<bool(const std::string& name)> wants;
  // A file, or a link by its own name with the file that it leads to. False ends the reading.
  std::function<bool(const ArchiveMember& member, const MemberBytes& bytes)> on_member;
  // A link for which the archive has no file, and what it leads to instead. False ends the reading.
  std::function<bool(const std::string& name, const std::string& found)> on_lost_link;
  // What unpacking would not leave behind as a file, by what one and several are called.
  std::function<void(const std::string& one, const std::string& many)> on_passed_over;
  std::function<bool()> stopped;
};

// Visits what unpacking the archive, compressed or not, would leave as files: of several members of one name
// the last; files in the archive's order, then links. Archives that stand one behind the other in a file are
// one. Throws TransientError, after what it could read, if it is no archive, is damaged or cut short, or if
// that module is missing. Of a pipe, the first of several members counts and links are lost.
void read_archive(const std::string& path, const ArchiveVisitor& visitor);

}  // namespace janus::cli
