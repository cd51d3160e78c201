// Images in tar files, read as a stream: WebDataset's shards. By libarchive, which is in a module of its own
// (cli/caption/archive_module.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace janus::cli {

struct ArchiveMember {
  std::string name;
  int64_t bytes = 0;
  double mtime = 0;
};

// False ends the reading. `content` gives the member's bytes, and may be called once, before it returns; it
// throws Error if they cannot be had.
using MemberVisitor =
    std::function<bool(const ArchiveMember& member, const std::function<std::string()>& content)>;

// Calls `visitor` for each file in the archive, compressed or not, in order. Throws Error if it is none, is
// damaged or cut short, or if that module is missing.
void read_archive(const std::string& path, const MemberVisitor& visitor);

}  // namespace janus::cli
