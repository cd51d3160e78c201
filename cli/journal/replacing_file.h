// A file written beside the one it is to replace.
#pragma once

#include <string>
#include <string_view>

namespace janus::cli {

// Whatever ends the process, the old file or the new one stands there, whole. What a killed process leaves
// behind has a name made from the target's, so that the next write of the same target takes it over.
class ReplacingFile {
 public:
  // Throws Error if the folder of `path` takes no files.
  explicit ReplacingFile(std::string path);
  ~ReplacingFile();
  ReplacingFile(const ReplacingFile&) = delete;
  ReplacingFile& operator=(const ReplacingFile&) = delete;

  // Throws Error if there is no space.
  void write(std::string_view text);
  // Puts it in place. `durable`: after it has reached the disk. Throws Error, and leaves what was there, if
  // that fails. Returns its descriptor, which is the caller's to close.
  int commit(bool durable);
  int descriptor() const { return descriptor_; }
  // Removes what a killed process left behind beside `path`. Nobody else may be writing it.
  static void remove_leftover(const std::string& path);

 private:
  void flush();
  [[noreturn]] void refuse(const std::string& found) const;

  std::string path_, temporary_, buffer_;
  int descriptor_ = -1;
};

// Puts a small file in place.
void replace_file(const std::string& path, std::string_view text);

}  // namespace janus::cli
