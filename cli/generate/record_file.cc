#include "cli/generate/record_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "cli/interrupt.h"
#include "core/error.h"

namespace janus::cli {
namespace {

// What is kept in memory of a record.
Json essence(const Json& record) {
  Json kept;
  kept["request"] = record["request"];
  if (record.contains("error")) kept["error"] = record["error"];
  return kept;
}

bool is_record(const Json& record) {
  return record.is_object() && record.contains("output") && record["output"].is_string() &&
         record.contains("request") && record["request"].is_object();
}

}  // namespace

RecordFile::RecordFile(std::string path) : path_(std::move(path)) {
  file_.number = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_.number < 0) refuse("a file that can be written", std::strerror(errno));
  // The kernel's own lock: it goes with its process, however that ends.
  if (flock(file_.number, LOCK_EX | LOCK_NB) != 0) refuse("no other run on it", "one at work");
  read();
}

RecordFile::Descriptor::~Descriptor() {
  if (number >= 0) close(number);
}

void RecordFile::read() {
  std::array<char, 1 << 16> block{};
  std::string rest;
  int64_t line_number = 0;
  for (;;) {
    const ssize_t got = ::read(file_.number, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("a file that can be read", std::strerror(errno));
    if (got == 0) break;
    rest.append(block.data(), static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      ++line_number;
      const Json record = Json::parse(rest.begin() + static_cast<int64_t>(begin),
                                      rest.begin() + static_cast<int64_t>(end), nullptr, false);
      if (!is_record(record)) {
        refuse("records of janus generate --prompts", fmt::format("something else in line {}", line_number));
      }
      known_[record["output"].get<std::string>()] = essence(record);
      begin = end + 1;
    }
    size_ += static_cast<int64_t>(begin);
    rest.erase(0, begin);
  }
  if (!rest.empty() && ftruncate(file_.number, size_) != 0) {
    refuse("a file whose torn last line can be cut off", std::strerror(errno));
  }
}

const Json* RecordFile::find(const std::string& output) const {
  const auto found = known_.find(output);
  return found == known_.end() ? nullptr : &found->second;
}

void RecordFile::add(const Json& record) {
  const std::string line = to_line(record) + "\n";
  InterruptHold hold;
  for (size_t at = 0; at < line.size();) {
    const ssize_t written =
        pwrite(file_.number, line.data() + at, line.size() - at, size_ + static_cast<int64_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int fault = errno;
      (void)!ftruncate(file_.number, size_);
      refuse(fmt::format("to write {} bytes", line.size()), std::strerror(fault));
    }
    at += static_cast<size_t>(written);
  }
  size_ += static_cast<int64_t>(line.size());
  known_[record["output"].get<std::string>()] = essence(record);
}

void RecordFile::refuse(const std::string& expected, const std::string& found) const {
  fail("records, {}: expected {}, found {}; choose another --records or make it writable", path_, expected,
       found);
}

}  // namespace janus::cli
