// A file that is written piece by piece, and may be locked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace janus::hub {

// Open for reading and writing as long as it lives; made where it is not there. Every fault throws Error with
// the path and the system's reason.
class OpenFile {
 public:
  explicit OpenFile(std::string path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int64_t bytes() const;
  // From the beginning, in order.
  void read_all(const std::function<void(std::span<const std::byte>)>& take) const;
  // After what is there.
  void append(std::span<const std::byte> bytes);
  void clear();
  // To the disk, so that the name it gets afterwards never stands for less.
  void flush();

  // Whether the lock was free; then it is this one's until it closes.
  bool try_lock();
  void wait_for_lock();

 private:
  [[noreturn]] void fault(const char* expected) const;

  std::string path_;
  int descriptor_ = -1;
};

// Puts `text` at `path` in one step, whatever was there.
void replace_file(const std::string& path, const std::string& text);
// Makes the folder and those above it.
void make_folders(const std::string& path);

}  // namespace janus::hub
