// The records of a list of prompts: one line of JSON an image, so that a run that was cut short goes on where
// it stopped.
#pragma once

#include <map>
#include <string>

#include "cli/json_output.h"

namespace janus::cli {

class RecordFile {
 public:
  // Opens or makes the file, keeps other processes from it for as long as this lives, cuts off a last line
  // that was not written whole, and reads the rest. Throws Error where another process holds it, it cannot be
  // written, or a line is not a record.
  explicit RecordFile(std::string path);

  const std::string& path() const { return path_; }
  // What is known of the image at `output`: {"request": ..., "error": where it failed}; null if nothing is.
  const Json* find(const std::string& output) const;
  // Adds a line for the image at record["output"], and takes its place from any before. Throws Error if it
  // cannot be written whole; nothing of it is left then.
  void add(const Json& record);

 private:
  void read();
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const;

  struct Descriptor {
    int number = -1;
    Descriptor() = default;
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
  };

  std::string path_;
  Descriptor file_;
  int64_t size_ = 0;                   // bytes of whole lines
  std::map<std::string, Json> known_;  // output -> what find() gives
};

}  // namespace janus::cli
