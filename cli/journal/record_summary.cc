// Records are read by their top level alone: most of a line is text and ids that nobody needs here.
#include <nlohmann/json.hpp>

#include "cli/journal/journal.h"
#include "core/base/json.h"

namespace janus::cli {
namespace {

// Records are less deep. What reads a whole one goes as deep as it is nested.
constexpr int kDeepest = 100;

class SummaryReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  RecordSummary summary;
  // A record of captions has all three.
  bool has_key = false, has_model = false, has_prompt = false;

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (depth_ == 1 && name_ == "transient") summary.transient = value;
    return true;
  }
  bool number_integer(number_integer_t value) override { return number(static_cast<double>(value), value); }
  bool number_unsigned(number_unsigned_t value) override {
    return number(static_cast<double>(value), static_cast<int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return number(value, -1); }
  bool string(string_t& value) override {
    if (depth_ != 1) return true;
    if (name_ == "key") {
      summary.key = value;
      has_key = true;
    }
    if (name_ == "sha256") summary.sha256 = value;
    if (name_ == "request_sha256") {
      summary.kind = JournalKind::images;
      summary.sha256 = value;
    }
    if (name_ == "model") {
      summary.model = value;
      has_model = true;
    }
    if (name_ == "model_fingerprint") summary.fingerprint = value;
    if (name_ == "type") summary.type = value;
    if (name_ == "prompt_hash") {
      summary.prompt_hash = value;
      has_prompt = true;
    }
    if (name_ == "error") summary.failed = true;
    return true;
  }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ <= kDeepest; }
  bool key(string_t& name) override {
    if (depth_ == 1) name_ = name;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  // A record is an object: an array outside one is none.
  bool start_array(std::size_t) override { return depth_++ > 0 && depth_ <= kDeepest; }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool number(double value, int64_t whole) {
    if (depth_ == 1 && name_ == "bytes") summary.bytes = whole;
    if (depth_ == 1 && name_ == "mtime") summary.mtime = value;
    if (depth_ == 1 && name_ == "archive_bytes") summary.archive_bytes = whole;
    if (depth_ == 1 && name_ == "archive_mtime") summary.archive_mtime = value;
    return true;
  }

  int depth_ = 0;
  std::string name_;
};

}  // namespace

std::optional<RecordSummary> read_summary(std::string_view line) {
  SummaryReader reader;
  if (!scan_json(line, reader) || !reader.has_key) return std::nullopt;
  const bool captions = reader.summary.kind == JournalKind::captions;
  if (captions && !(reader.has_model && reader.has_prompt)) return std::nullopt;
  return std::move(reader.summary);
}

}  // namespace janus::cli
