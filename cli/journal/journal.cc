#include "cli/journal/journal.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/io/interrupt.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/machine_fault.h"
#include "core/base/mapped_file.h"
#include "core/base/open_file.h"
#include "core/base/remedy.h"
#include "core/base/write_all.h"

namespace janus::cli {
namespace {

constexpr size_t kBlock = size_t{1} << 20;
constexpr size_t kLongestLine = size_t{1} << 26;

template <size_t N>
std::array<uint64_t, N> words_of(std::string_view hexadecimal) {
  std::array<uint64_t, N> words{};
  if (hexadecimal.size() < 16 * N) return words;
  for (size_t i = 0; i < N; ++i) {
    std::from_chars(hexadecimal.data() + 16 * i, hexadecimal.data() + 16 * (i + 1), words[i], 16);
  }
  return words;
}

// How errors speak of a journal.
struct Terms {
  const char *what, *records, *option;
  std::string_view begin;  // of every record
};

Terms terms_of(JournalKind kind) {
  if (kind == JournalKind::captions)
    return {"output", "records of janus caption alone", "-o", R"({"path":")"};
  return {"records", "records of janus generate --prompts alone", "--records", R"({"output":")"};
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool same_file(int descriptor, const std::string& path) {
  struct stat opened {
  }, named{};
  return fstat(descriptor, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

Journal::Journal(std::string path, JournalKind kind) : path_(std::move(path)), kind_(kind) {
  struct stat existing {};
  stream_ = stat(path_.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode);
  if (stream_) {
    descriptor_ = open_file(path_, O_WRONLY).release();
    if (descriptor_ < 0) refuse_fault("a file that can be written", errno);
    return;
  }
  try {
    lock();
    unlink(leftover_path(target_, Temporary::of_target).c_str());  // of a compact() that was killed
    read();
  } catch (...) {
    if (descriptor_ >= 0) close(descriptor_);  // and lets go of the lock
    throw;
  }
}

Journal::~Journal() {
  if (descriptor_ >= 0) close(descriptor_);
}

// The lock is the kernel's, on the file itself: it goes with the process, however that ends.
void Journal::lock() {
  while (true) {
    descriptor_ = open_file(path_, O_RDWR | O_CREAT | O_APPEND, 0666).release();
    if (descriptor_ < 0) refuse_fault("a file that can be read and written", errno);
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int fault = errno;
      close(std::exchange(descriptor_, -1));
      if (fault == EWOULDBLOCK) {
        refuse("no other run writing to it", "one", "wait for its end, or " + choose_another());
      }
      refuse("a file system with locks", std::strerror(fault), choose_another() + " elsewhere");
    }
    struct stat status {};
    if (fstat(descriptor_, &status) == 0 && (status.st_mode & 0222) == 0)
      refuse("a file that can be written", "a write-protected one",
             choose_another() + " or make it writable");
    // Another run may have replaced the file between opening and locking.
    if (same_file(descriptor_, path_)) break;
    close(descriptor_);
  }
  std::error_code fault;
  target_ = std::filesystem::canonical(path_, fault).string();
  if (fault) target_ = path_;
}

std::string Journal::choose_another() const {
  return std::string("choose another ") + terms_of(kind_).option;
}

void Journal::refuse(const std::string& expected, const std::string& found, const std::string& advice) const {
  fail("{}, {}: expected {}, found {}; {}", terms_of(kind_).what, path_, expected, found, advice);
}

void Journal::refuse_fault(const std::string& expected, int fault) const {
  fail_of_system(fault, fmt::format("{}, {}: expected {}, found {}; {}", terms_of(kind_).what, path_,
                                    expected, std::strerror(fault), remedy_of(fault, choose_another())));
}

// Each whole line with the place where it begins, until `action` says false; what follows the last line's end
// is not a line.
void Journal::scan(const std::function<bool(std::string_view line, int64_t offset)>& action) {
  std::string text;
  int64_t begin = 0;  // of `text` in the file
  std::string block(kBlock, '\0');
  while (true) {
    const ssize_t got =
        pread(descriptor_, block.data(), block.size(), begin + static_cast<int64_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_fault("a file that can be read", errno);
    if (got == 0) return;
    text.append(block.data(), static_cast<size_t>(got));
    size_t at = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
      if (!action(std::string_view(text).substr(at, end - at), begin + static_cast<int64_t>(at))) return;
      at = end + 1;
    }
    text.erase(0, at);
    begin += static_cast<int64_t>(at);
    if (text.size() > kLongestLine) {
      refuse(terms_of(kind_).records, fmt::format("a line of more than {} bytes", kLongestLine),
             choose_another());
    }
  }
}

void Journal::read() {
  scan([&](std::string_view line, int64_t offset) {
    read_line(line, offset);
    return true;
  });
  struct stat file {};
  if (fstat(descriptor_, &file) != 0) refuse_fault("a file", errno);
  if (file.st_size > size_) read_tail(file.st_size);
  resumed_ = size_ > 0;
}

void Journal::read_line(std::string_view line, int64_t offset) {
  ++lines_;
  size_ = offset + static_cast<int64_t>(line.size()) + 1;
  if (is_blank(line)) {  // an editor's
    ++replaced_;
    return;
  }
  const std::optional<RecordSummary> summary = read_summary(line);
  if (!summary || summary->kind != kind_) {
    refuse(terms_of(kind_).records, fmt::format("something else in line {}", lines_), choose_another());
  }
  note_maker(*summary, offset);
  add(*summary, offset);
}

// What follows the last line's end: a torn line of ours; after a crash of the machine it may be zeros. An
// editor may have left a whole one without its end.
void Journal::read_tail(int64_t file_size) {
  std::string tail(static_cast<size_t>(std::min<int64_t>(file_size - size_, kLongestLine)), '\0');
  const ssize_t got = pread(descriptor_, tail.data(), tail.size(), size_);
  tail.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  const std::optional<RecordSummary> whole = read_summary(tail);
  const std::string_view begin = terms_of(kind_).begin;
  const bool ours =
      std::string_view(tail).substr(0, begin.size()) == begin.substr(0, tail.size()) && !is_json(tail);
  const bool torn = !tail.empty() && (ours || tail.front() == '\0' || is_blank(tail));
  if (!torn && !whole) refuse(terms_of(kind_).records, "something else at its end", choose_another());
  const char end = '\n';
  const int fault = whole ? write_all(descriptor_, std::as_bytes(std::span(&end, 1)))
                    : ftruncate(descriptor_, size_) != 0 ? errno
                                                         : 0;
  if (fault != 0) refuse_fault("a file that can be written", fault);
  if (whole) read_line(tail, size_);
}

void Journal::add(const RecordSummary& summary, int64_t offset) {
  const auto [place, fresh] = entries_.try_emplace(place_of(summary));
  if (!fresh) ++replaced_;
  place->second = {.offset = offset,
                   .bytes = summary.bytes,
                   .archive_bytes = summary.archive_bytes,
                   .mtime = summary.mtime,
                   .archive_mtime = summary.archive_mtime,
                   .sha256 = words_of<4>(summary.sha256),
                   .failed = summary.failed,
                   .transient = summary.transient};
}

std::optional<RecordSummary> Journal::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(place_of(key));
  if (entry == entries_.end()) return std::nullopt;
  const Entry& found = entry->second;
  RecordSummary summary{.kind = kind_,
                        .key = key,
                        .model = {},
                        .prompt_hash = {},
                        .sha256 = {},
                        .bytes = found.bytes,
                        .mtime = found.mtime,
                        .archive_bytes = found.archive_bytes,
                        .archive_mtime = found.archive_mtime,
                        .failed = found.failed,
                        .transient = found.transient};
  for (const uint64_t word : found.sha256) summary.sha256 += fmt::format("{:016x}", word);
  return summary;
}

std::string Journal::line_of(const std::string& key) {
  check(!stream_, "output, {}: expected a file, found a pipe or device; choose another -o", path_);
  const std::lock_guard lock(mutex_);
  return line_at(entries_.at(place_of(key)).offset);
}

std::string Journal::line_at(int64_t at) const {
  std::string line(size_t{1} << 12, '\0');
  for (size_t have = 0;;) {
    const ssize_t got =
        pread(descriptor_, line.data() + have, line.size() - have, at + static_cast<int64_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_fault("a file that can be read", errno);
    if (got == 0) check_unchanged();
    if (got == 0)
      refuse("the record that stood in it", "it changed meanwhile", "let one run alone write to it");
    const size_t end = line.find('\n', have);
    have += static_cast<size_t>(got);
    if (end < have) return line.substr(0, end);
    if (have == line.size()) line.resize(2 * have);
  }
}

// What was written would be lost, or stand beside what another has put there.
void Journal::check_unchanged() const {
  struct stat opened {};
  if (stream_) return;
  if (fstat(descriptor_, &opened) != 0) refuse_fault("a file", errno);
  struct stat named {};
  const bool there = stat(path_.c_str(), &named) == 0;
  std::string found, remedy = "let nobody change it while this runs, and start again";
  if (there && (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)) {
    found = "another file under its name";
  } else if (!there && opened.st_nlink > 0) {
    found = "that it was moved away";
    remedy = "move it back, and start again";
  } else if (!there) {
    found = "that it was removed";
  } else if (opened.st_size != size_) {
    found = fmt::format("{} bytes in place of {}", opened.st_size, size_);
  }
  if (found.empty()) return;
  throw MachineFault(fmt::format("{}, {}: expected the file with this run's records, found {}; {}",
                                 terms_of(kind_).what, path_, found, remedy));
}

void Journal::append(const std::string& key, const std::string& line, bool failed) {
  const std::lock_guard lock(mutex_);
  const std::optional<RecordSummary> summary = read_summary(line);
  check(summary.has_value(), "output, {}: expected a record with a key, found none; choose names in UTF-8",
        path_);
  check_mapped_files();
  {
    InterruptHold hold;
    check_unchanged();
    const std::string whole = line + "\n";
    if (const int fault = write_all(descriptor_, std::as_bytes(std::span(whole))); fault != 0) {
      (void)!ftruncate(descriptor_, size_);
      refuse_fault(fmt::format("to write {} bytes", line.size() + 1), fault);
    }
  }
  RecordSummary known = *summary;
  known.key = key;
  known.failed = failed;
  add(known, size_);
  size_ += static_cast<int64_t>(line.size()) + 1;
}

void Journal::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  size_t erased = entries_.erase(place_of(key));
  for (const auto& [text, maker] : makers_) erased += entries_.erase(place_of(key, text));
  replaced_ += static_cast<int64_t>(erased);
}

int64_t Journal::forget_if(const std::function<bool(std::string_view line)>& gone) {
  if (stream_) return 0;
  const std::lock_guard lock(mutex_);
  std::vector<KeyHash> found;
  for_each_locked([&](const KeyHash& place, std::string_view line) {
    if (gone(line)) found.push_back(place);
  });
  for (const KeyHash& place : found) entries_.erase(place);
  replaced_ += static_cast<int64_t>(found.size());
  return static_cast<int64_t>(found.size());
}

void Journal::for_each(const std::function<void(std::string_view line)>& action) {
  check(!stream_, "output, {}: expected a file, found a pipe or device; choose another -o", path_);
  const std::lock_guard lock(mutex_);
  for_each_locked([&](const KeyHash&, std::string_view line) { action(line); });
}

void Journal::for_each_locked(
    const std::function<void(const KeyHash& place, std::string_view line)>& action) {
  scan([&](std::string_view line, int64_t offset) {
    if (is_blank(line)) return true;
    const std::optional<RecordSummary> summary = read_summary(line);
    if (!summary) refuse("records alone", "something else", "let one run alone write to it");
    const auto entry = entries_.find(place_of(*summary));
    if (entry != entries_.end() && entry->second.offset == offset) action(entry->first, line);
    return true;
  });
}

void Journal::compact() {
  if (stream_) return;
  InterruptHold hold;
  const std::lock_guard lock(mutex_);
  check_unchanged();
  if (replaced_ == 0) return;
  AtomicFile file(target_, {.temporary = Temporary::of_target,
                            .durable = true,
                            .name = fmt::format("{}, {}", terms_of(kind_).what, path_),
                            .advice = choose_another()});
  if (flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    refuse("a lock of its own", std::strerror(errno), "start the same command again");
  }
  std::unordered_map<KeyHash, Entry, HashOfKeyHash> moved = entries_;
  int64_t offset = 0;
  for_each_locked([&](const KeyHash& place, std::string_view line) {
    file.append(line);
    file.append("\n");
    moved.at(place).offset = offset;
    offset += static_cast<int64_t>(line.size()) + 1;
  });
  const int fresh = file.commit_open();
  close(std::exchange(descriptor_, fresh));
  entries_ = std::move(moved);
  size_ = offset;
  replaced_ = 0;
}

}  // namespace janus::cli
