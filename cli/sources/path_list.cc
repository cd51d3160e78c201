#include "cli/sources/path_list.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/app/command.h"
#include "cli/io/text_input.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/machine_fault.h"
#include "core/base/open_file.h"
#include "core/base/remedy.h"

namespace janus::cli {
namespace {

constexpr int kDeepestFields = 64;

// Waits until there is something to read or the end; false if it was stopped before.
bool wait_for(int descriptor, const std::function<bool()>& stopped) {
  constexpr int kBetweenLooks_ms = 200;
  while (!stopped()) {
    pollfd ready{descriptor, POLLIN, 0};
    if (poll(&ready, 1, kBetweenLooks_ms) > 0) return true;
  }
  return false;
}

class EntrySplitter {
 public:
  EntrySplitter(const std::string& path, EntryEnd end, size_t longest,
                const std::function<bool(std::string entry)>& on_entry)
      : path_(path),
        longest_(longest),
        lines_(end == EntryEnd::line),
        separator_(lines_ ? '\n' : '\0'),
        on_entry_(on_entry),
        decoder_("list, " + path, "the list looks NUL-separated, use -0") {}

  // False ends the reading.
  bool push(std::string_view bytes) {
    text_ += lines_ ? decoder_.push(bytes) : std::string(bytes);
    size_t at = 0;
    for (size_t end = text_.find(separator_); end != std::string::npos; end = text_.find(separator_, at)) {
      any_ended_ = true;
      if (!deliver(text_.substr(at, end - at))) return false;
      at = end + 1;
    }
    text_.erase(0, at);
    check_length(text_);
    return true;
  }

  void finish() {
    if (lines_) text_ += decoder_.finish();
    struct stat named {};
    // Line ends of old Macs, where there are no others.
    if (lines_ && !any_ended_ && text_.find('\n') == std::string::npos && lstat(text_.c_str(), &named) != 0) {
      std::replace(text_.begin(), text_.end(), '\r', '\n');
    }
    const bool of_lines = !lines_ && !any_ended_ && text_.find('\n') != std::string::npos;
    check(!of_lines || lstat(text_.c_str(), &named) == 0,
          "list, {}: expected paths that end with a zero byte, found lines; leave -0 out", path_);
    // The last entry may lack its end, and text that was held back may hold several.
    if (push({})) deliver(std::exchange(text_, {}));
  }

 private:
  bool deliver(std::string entry) {
    if (lines_ && !entry.empty() && entry.back() == '\r') entry.pop_back();
    check_length(entry);
    return entry.empty() || on_entry_(std::move(entry));
  }

  void check_length(std::string_view entry) const {
    check(entry.size() <= longest_,
          "list, {}: expected entries of at most {} bytes, found a longer one; check that it is a list of "
          "paths",
          path_, longest_);
  }

  const std::string& path_;
  const size_t longest_;
  const bool lines_;
  const char separator_;
  const std::function<bool(std::string entry)>& on_entry_;
  TextDecoder decoder_;
  std::string text_;  // behind the last entry's end
  bool any_ended_ = false;
};

}  // namespace

void read_entries(const std::string& path, EntryEnd end, size_t longest,
                  const std::function<bool(std::string entry)>& on_entry,
                  const std::function<bool()>& stopped) {
  const bool standard = path == "-";
  const FileDescriptor opened = standard ? FileDescriptor() : open_file(path, O_RDONLY);
  const int descriptor = standard ? STDIN_FILENO : opened.get();
  const auto check_read = [&](bool fine) {
    if (fine) return;
    const int fault = errno;
    fail_of_system(fault, fmt::format("list, {}: expected a file that can be read, found: {}; {}", path,
                                      std::strerror(fault), reading_remedy_of(fault, path)));
  };
  check_read(descriptor >= 0);
  EntrySplitter entries(path, end, longest, on_entry);
  std::array<char, 1 << 16> block{};
  while (wait_for(descriptor, stopped)) {
    const ssize_t got = read(descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    check_read(got >= 0);
    if (got == 0) return entries.finish();
    if (!entries.push({block.data(), static_cast<size_t>(got)})) return;
  }
}

namespace {

// How deep a value is nested: 1 for one that holds no other.
int levels_of(const Json& value) {
  int inner = 0;
  if (value.is_structured()) {
    for (const Json& element : value) inner = std::max(inner, levels_of(element));
  }
  return 1 + inner;
}

}  // namespace

bool read_item(const std::string& line, const std::string& field, std::string& path, Json& others,
               std::string& found) {
  Json record;
  if (const auto fault = error_of([&] { record = parse_json<Json>(line, "entry"); })) {
    found = fmt::format("no valid JSON ({})", *fault);
    return false;
  }
  if (!record.is_object()) {
    found = record.type_name();
    return false;
  }
  // Writing it into a record goes as deep as it is nested.
  if (levels_of(record) > kDeepestFields) {
    found = fmt::format("values nested more than {} deep", kDeepestFields);
    return false;
  }
  const auto value = record.find(field);
  if (value == record.end() || !value->is_string() || value->get_ref<const std::string&>().empty()) {
    found = value == record.end() ? "none" : value->is_string() ? "an empty text" : value->type_name();
    return false;
  }
  path = value->get<std::string>();
  found = fmt::format("one of {} bytes", path.size());
  if (path.size() > kLongestPath) return false;
  found = "a zero byte in it";
  if (path.find('\0') != std::string::npos) return false;
  record.erase(value);
  if (!record.empty()) others = std::move(record);
  return true;
}

}  // namespace janus::cli
