// Records of what is done, one JSON object a line, from which a run that is started again goes on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cli/journal/key.h"

namespace janus::cli {

// Which command's records a journal holds.
enum class JournalKind { captions, images };

// What a record says of the image it is about.
struct RecordSummary {
  JournalKind kind = JournalKind::captions;
  std::string key, model, prompt_hash;
  std::string sha256;  // of the image's file; of a generated image, of all that it was asked with
  int64_t bytes = -1;
  double mtime = 0;
  int64_t archive_bytes = -1;  // of the archive that the image is in; -1 = in none, or not recorded
  double archive_mtime = 0;
  bool failed = false;
  bool transient = false;  // its error says nothing about the image: the next run tries again
};

// Nothing if `line` is no record of this program.
std::optional<RecordSummary> read_summary(std::string_view line);

// What all records of one output have in common, unless they are to be mixed.
struct JournalOptions {
  JournalKind kind = JournalKind::captions;
  std::string model, prompt_hash;
  bool mixed = false;
};

// One line a record, written whole by one call: a process that dies leaves at most a torn last line, which
// the next one takes away. Safe to use from several threads.
class Journal {
 public:
  // Locks and reads the file at `path`, making it if need be. Throws Error if another process has it, if it
  // holds anything but records of its kind, or records of another model or prompt that are not to be mixed. A
  // pipe or device is written to alone.
  Journal(std::string path, const JournalOptions& options);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // The record of `key` that counts: the last one.
  std::optional<RecordSummary> find(const std::string& key);
  // The whole line of it.
  std::string line_of(const std::string& key);
  // Appends the record of `key`, without line end. Throws Error, and takes back what was written of it, if it
  // cannot be written whole.
  void append(const std::string& key, const std::string& line, bool failed);
  // Takes back the record of `key`, which compact() then drops.
  void forget(const std::string& key);
  // Drops lines that no longer count, in one step.
  void compact();
  // Every line that counts, in order.
  void for_each(const std::function<void(std::string_view line)>& action);

  const std::string& path() const { return path_; }
  size_t records() const { return entries_.size(); }
  // Whether anything stood in it at the start.
  bool resumed() const { return resumed_; }

 private:
  struct HashOfHash {
    size_t operator()(const KeyHash& hash) const { return hash[0]; }
  };
  struct Entry {
    int64_t offset = 0;
    int64_t bytes = -1, archive_bytes = -1;
    double mtime = 0, archive_mtime = 0;
    std::array<uint64_t, 4> sha256{};
    bool failed = false, transient = false;
  };

  void lock();
  std::string choose_another() const;
  void read(const JournalOptions& options);
  void read_line(std::string_view line, int64_t offset, const JournalOptions& options);
  void read_tail(int64_t file_size, const JournalOptions& options);
  void add(const RecordSummary& summary, int64_t offset);
  void scan(const std::function<bool(std::string_view line, int64_t offset)>& action);
  [[noreturn]] void refuse(const std::string& expected, const std::string& found,
                           const std::string& advice) const;

  std::string path_;  // as given, for messages
  JournalKind kind_;
  std::string target_;  // with links followed
  int descriptor_ = -1;
  int64_t size_ = 0;
  int64_t lines_ = 0;     // that were there at the start
  int64_t replaced_ = 0;  // lines that a later one replaces, that were forgotten or are blank
  bool resumed_ = false;
  bool stream_ = false;  // a pipe or device: nothing can be read back
  std::mutex mutex_;
  std::unordered_map<KeyHash, Entry, HashOfHash> entries_;
};

}  // namespace janus::cli
