// Records of what is done, one JSON object a line, from which a run that is started again goes on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/journal/key.h"

namespace janus::cli {

// Which command's records a journal holds.
enum class JournalKind { captions, images };

// What a record says of the image it is about, and of what made it.
struct RecordSummary {
  JournalKind kind = JournalKind::captions;
  std::string key, model, prompt_hash;
  std::string fingerprint = {}, type = {};  // of the model; empty in records of earlier versions
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

// How a record differs from what is asked for, as a refusal has it: "prompt \"A\"" and "prompt \"B\"".
struct Difference {
  std::string expected, found;
};

// What the records of a run, which may be all of an output, have in common.
struct JournalOptions {
  std::string model, prompt_hash;
  bool mixed = false;  // records of other runs stay, also of the same image
  std::string fingerprint = {}, type = {};
  // Says how the record `line` differs, which has another model, type or prompt hash.
  std::function<Difference(std::string_view line)> difference = {};

  // Whether this run would make the record alike: by the model's fingerprint and type, or in records of
  // earlier versions by its name.
  bool makes(const RecordSummary& record) const;
};

// One line a record, written whole by one call: a process that dies leaves at most a torn last line, which
// the next one takes away. Safe to use from several threads.
class Journal {
 public:
  // Locks and reads the file at `path`, making it if need be. Throws Error if another process has it, or if
  // it holds anything but records of `kind`. A pipe or device is written to alone.
  Journal(std::string path, JournalKind kind);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What this run asks, before it asks for records of captions or adds to them. Throws Error if there are
  // records that it would not make and that are not to be mixed.
  void go_on(JournalOptions options);

  // The record of `key` that counts: the last one that this run would make. Keys are the same that have one
  // identity_of_key; of generated images, the same text.
  std::optional<RecordSummary> find(const std::string& key);
  // The whole line of it.
  std::string line_of(const std::string& key);
  // The lines of records of `key` that other runs made.
  std::vector<std::string> other_lines_of(const std::string& key);
  // Appends the record of `key`, without line end. Throws MachineFault where a model file was written to
  // since it was opened (core/base/mapped_file.h), or the journal itself removed, moved away, cut or written
  // to by others; Error, and takes back what was written of it, if it cannot be written whole.
  void append(const std::string& key, const std::string& line, bool failed);
  // Takes back all records of `key`, which compact() then drops.
  void forget(const std::string& key);
  // Takes back all records that `gone` says it of, and says how many.
  int64_t forget_if(const std::function<bool(std::string_view line)>& gone);
  // Drops lines that no longer count, in one step. Throws MachineFault where the journal has changed, as
  // above.
  void compact();
  // Every line that counts, in order.
  void for_each(const std::function<void(std::string_view line)>& action);

  const std::string& path() const { return path_; }
  size_t records() const { return entries_.size(); }
  // Whether anything stood in it at the start.
  bool resumed() const { return resumed_; }

 private:
  struct Entry {
    int64_t offset = 0;
    int64_t bytes = -1, archive_bytes = -1;
    double mtime = 0, archive_mtime = 0;
    std::array<uint64_t, 4> sha256{};
    bool failed = false, transient = false;
  };

  // The first record of what one run, or several alike, made.
  struct Maker {
    RecordSummary first;
    int64_t line = 0, offset = 0;
  };

  void lock();
  std::string choose_another() const;
  void read();
  void read_line(std::string_view line, int64_t offset);
  void read_tail(int64_t file_size);
  void note_maker(const RecordSummary& summary, int64_t offset);
  [[noreturn]] void refuse_other(const Maker& other) const;
  void add(const RecordSummary& summary, int64_t offset);
  // Where entries_ has a record.
  KeyHash place_of(const RecordSummary& summary) const;
  KeyHash place_of(const std::string& key) const { return place_of(key, own_maker_); }
  KeyHash place_of(const std::string& key, const std::string& maker) const;
  std::string line_at(int64_t offset) const;
  void for_each_locked(const std::function<void(const KeyHash& place, std::string_view line)>& action);
  void scan(const std::function<bool(std::string_view line, int64_t offset)>& action);
  void check_unchanged() const;
  [[noreturn]] void refuse_fault(const std::string& expected, int fault) const;
  [[noreturn]] void refuse(const std::string& expected, const std::string& found,
                           const std::string& advice) const;

  std::string path_;  // as given, for messages
  const JournalKind kind_;
  JournalOptions options_;
  std::string target_;  // with links followed
  int descriptor_ = -1;
  int64_t size_ = 0;
  int64_t lines_ = 0;     // that were there at the start
  int64_t replaced_ = 0;  // lines that a later one replaces, that were forgotten or are blank
  bool resumed_ = false;
  bool stream_ = false;  // a pipe or device: nothing can be read back
  std::mutex mutex_;
  std::unordered_map<KeyHash, Entry, HashOfKeyHash> entries_;
  // By what made them, as text.
  std::map<std::string, Maker> makers_;
  std::set<std::string> as_own_;  // those that this run would make alike
  std::string own_maker_;
};

}  // namespace janus::cli
