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
// and the system's reason. Where the file shrinks while it is mapped, or its disk fails, touching what is
// gone raises SIGBUS: a program may install a handler that asks mapped_path_at.
FileBytes map_file(const std::string& path);

// The path of the mapped file that `address` lies in, or null. May be called in a signal handler; what it
// returns stays.
const char* mapped_path_at(const void* address);

// Throws MachineFault if a file was written to in place, by its size or time of change, while this process
// had it mapped, with what has changed: what was made with it may be wrong. Costs a call of the system for
// each file that is mapped now. A new file that was put under the same name does not touch what is mapped.
void check_mapped_files();

// Tells the system that `bytes`, part of a mapping, will be read soon.
void expect_reading(std::span<const std::byte> bytes);

// Tells the system that the pages of `file`, a mapping or part of one, need not stay in this process's
// memory; a later read takes them from the file again. Does nothing to bytes of another kind.
void release_pages(const FileBytes& file);

}  // namespace janus
