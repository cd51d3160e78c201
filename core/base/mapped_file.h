// Files in memory without reading them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace janus {

// Bytes that stay valid as long as `owner` lives: a mapped file or a part of the program itself (no owner).
struct FileBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

// Maps a regular file read-only; its pages come from the disk as they are touched. Throws Error with the path
// and the system's reason. The file must not shrink while it is mapped.
FileBytes map_file(const std::string& path);

// Tells the system that `bytes`, part of a mapping, will be read soon.
void expect_reading(std::span<const std::byte> bytes);

// Tells the system that the pages of `file`, a mapping or part of one, need not stay in this process's
// memory; a later read takes them from the file again. Does nothing to bytes of another kind.
void release_pages(const FileBytes& file);

}  // namespace janus
