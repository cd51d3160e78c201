// The one way to put a file in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/file_descriptor.h"

namespace janus {

// A file of the target's name has come where none was to be replaced.
class FileExists : public Error {
 public:
  using Error::Error;
};

// The name under which a file is written, in the folder of its target.
enum class Temporary {
  unique,     // nobody else's, so several may write one target; remove_leftovers() takes a killed process's
  of_target,  // made from the target's, so the next write takes over what a killed process left; one writer
  resumed,  // TARGET.incomplete: goes on with what an earlier write left, and stays for the next; one writer
};

struct AtomicFileOptions {
  Temporary temporary = Temporary::unique;
  // Whether the content is on the disk before it has its name, so that even a crash of the machine leaves the
  // old file or the new one.
  bool durable = false;
  // Whether a new file can be read and written by its owner alone.
  bool owner_only = false;
  // Whether the folder was looked at before, so that it is the run's and no item's fault where it has gone.
  bool in_known_folder = false;
  // Whether a file of the target's name that is there by then is replaced; else commit throws FileExists.
  bool replaces = true;
  // What errors begin and end with: "output, a.png" and "choose another -o".
  std::string name, advice;
};

// A file that is written under another name in its folder and gets its own in one step: whatever ends the
// process, the old file or the new one stands there, whole. Takes over the mode of the old one. A link is
// replaced itself; see resolve_links. What is not committed is removed at the end, unless it can be resumed.
// Throws Error for what the system refuses, MachineFault where the machine is at fault or the file was
// changed by others while it was written, and leaves what was there.
class AtomicFile {
 public:
  AtomicFile(std::string target, AtomicFileOptions options);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Throws if there is no room for so many bytes, where the file system can tell.
  void reserve(uint64_t bytes);
  // Behind what is there. May keep some in memory until flush() or commit(), but not where it can be resumed.
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  // Over the first bytes, of which as many must have been appended.
  void overwrite_front(std::span<const std::byte> bytes);
  // To the system, and to the disk if that was asked for.
  void flush();
  // Gives it its name. No more can be written. Of the old file's mode it has the permissions, but not
  // set-user-id, set-group-id and sticky.
  void commit();
  // The same, and hands out the descriptor, which appends and is the caller's to close.
  int commit_open();

  // A resumed file: the bytes that are there, a pass over all of them in order, and a new start.
  int64_t bytes() const;
  void read_back(const std::function<void(std::span<const std::byte>)>& take) const;
  void clear();

  int descriptor() const { return file_.get(); }

 private:
  void check_whole() const;
  void write(std::span<const std::byte> bytes);
  void write_buffer();
  void rename();
  void rename_to_free_name();
  void remove_temporary();
  [[noreturn]] void refuse(const std::string& expected, int fault) const;
  [[noreturn]] void refuse_existing() const;

  std::string target_, temporary_;  // the latter empty once it has its name
  AtomicFileOptions options_;
  FileDescriptor file_;
  std::string buffer_;
};

// Where a write that was cut short left its bytes; not for `unique`, whose names nobody knows.
std::string leftover_path(const std::string& target, Temporary temporary);
// What a file of this path stands in.
std::string folder_of(const std::string& path);
// Where a chain of links ends, whether or not there is something yet.
std::string resolve_links(std::string path);
// Removes from `folder` what writers of Temporary::unique left there that are no longer alive. A living one
// holds the kernel's lock on its file, on any machine that shares the folder; where the file system knows no
// locks, everything stays.
void remove_leftovers(const std::string& folder);
// The same, once a folder in this process: it may hold very many files.
void remove_leftovers_once(const std::string& folder);
// Whether a file can be made beside `target`: 0 or errno. Nothing is left behind by the trial, even by a kill
// where the file system knows files without a name.
int try_folder_of(const std::string& target);

}  // namespace janus
