// Files the program writes: refused before the work, and whole or not there at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/io/console.h"
#include "cli/io/interrupt.h"
#include "core/base/atomic_file.h"

namespace janus::cli {

// The path that stands for standard output.
inline constexpr std::string_view kStandardStream = "-";

// Whether `path` ends in `extension` (".npy"), any case.
bool has_extension(const std::string& path, const std::string& extension);
// Throws UsageError, naming `option`, unless `path` does, or is "-".
void require_extension(const std::string& path, const std::string& extension, const std::string& option);
// Throws UsageError if records were to go to standard output as well as the output at `path`.
void require_one_on_stream(const std::string& path, bool json);

// Throws Error if bytes that are no text were to go to a terminal as the output at `path`.
void require_no_terminal(const std::string& path, const Console& console);

// What becomes of a file that stands where an output goes; cli/io/existing_files.h has the rule.
enum class Existing { replaced, kept };

// The place of one output.
class OutputFile {
 public:
  // Throws Error unless `path` can be written: its folder is there and takes files, and it is not a folder,
  // write-protected, or a file that is to be kept. Nothing is left behind by the trial, and what killed runs
  // left in the folder is removed. "-" is always fine.
  explicit OutputFile(std::string path, Existing existing = Existing::replaced);

  const std::string& path() const { return path_; }
  // Puts `bytes` there: written beside the old file, which is then replaced in one step and keeps its mode;
  // links are followed, pipes and devices written as they are. Throws Error, and leaves what was there, if
  // that fails; FileExists where a file has come that is to be kept; MachineFault where the model that
  // `bytes` were made with has been written to.
  void write(std::span<const std::byte> bytes, Console& console) const;
  void write(std::string_view text, Console& console) const;
  // A file that grows beside the old one and is put there by its commit(), on the disk by then. Throws Error
  // for a pipe or device; not for "-".
  AtomicFile begin() const;

 private:
  friend class GrowingFile;
  AtomicFileOptions options(bool durable) const;
  void write_directly(std::span<const std::byte> bytes) const;
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const;

  std::string path_;
  Existing existing_;
  std::string target_;    // path_ with links followed
  bool special_ = false;  // exists and is neither file nor folder
};

// An output too large for memory, written piece by piece beside the old file and put in its place at the end.
// An interrupt takes it away before it ends the program; so does any exception.
class GrowingFile {
 public:
  // Throws Error if there is no room for `bytes`, where the file system can tell. `output` is a regular
  // file's place, not "-", and must outlive this.
  GrowingFile(const OutputFile& output, uint64_t bytes);

  void append(std::span<const std::byte> bytes);
  // Exactly as many bytes as were said must be there. Waits until they are on the disk. Throws MachineFault
  // where a model file that they were made from has been written to.
  void finish();

 private:
  void end_if_interrupted();

  const OutputFile& output_;
  uint64_t bytes_, written_ = 0;
  std::optional<InterruptHold> hold_;  // as long as there is a file that an interrupt would leave behind
  std::optional<AtomicFile> file_;
};

}  // namespace janus::cli
