// A journal that earlier runs left, whole or not: what it has is found again, and a record that is added
// counts.
#include "cli/journal/journal.h"
#include "core/base/json_line.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"

namespace {

using janus::cli::Journal;
using janus::cli::JournalKind;
using janus::fuzz::require;
using janus::fuzz::takes;

void go_on(Journal& journal) {
  takes([&] {
    journal.go_on({.model = "m", .prompt_hash = "0123", .mixed = true, .fingerprint = "f", .type = "native"});
  });
}

size_t lines_of(Journal& journal) {
  size_t lines = 0;
  journal.for_each([&](std::string_view line) {
    ++lines;
    (void)janus::cli::read_summary(line);
  });
  return lines;
}

void read(const janus::fuzz::NamedFile& file, JournalKind kind, std::string_view text) {
  file.write(text);
  takes([&] {
    Journal journal(file.path(), kind);
    go_on(journal);
    if (journal.find("a.png")) (void)janus::cli::read_summary(journal.line_of("a.png"));
    (void)journal.other_lines_of("a.png");
    const size_t before = journal.records();
    require(lines_of(journal) == before, "a line a record");
    const bool had = journal.find("new").has_value();
    const std::string key = kind == JournalKind::captions ? "path" : "output";
    journal.append("new",
                   janus::to_line({{key, "new"},
                                   {"model", "m"},
                                   {"prompt_hash", "0123"},
                                   {"model_fingerprint", "f"},
                                   {"type", "native"},
                                   {"caption", "x"}}),
                   false);
    require(journal.find("new").has_value(), "the record that was added");
    require(journal.records() == before + (had ? 0 : 1), "a record more");
    journal.forget("new");
    require(!journal.find("new").has_value(), "no record that was forgotten");
  });
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  const std::string whole = janus::fuzz::test_data("captions-0.1/captions.jsonl");
  return {
      whole, whole + whole.substr(0, 100),
      R"({"path":"a.png","model":"m","model_fingerprint":"f","type":"native","prompt_hash":"0123","sha256":")" +
          std::string(64, 'a') + R"(","bytes":12,"mtime":1.5,"caption":"x"})" + "\n" +
          R"({"path":"b.png","model":"m","prompt_hash":"0123","error":"e","transient":true})" + "\n",
      R"({"output":"a.png","request_sha256":")" + std::string(64, 'b') + R"(","model":"m","key":"a.png"})" +
          "\n"};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const janus::fuzz::NamedFile file("journal");
  const std::string_view text = janus::fuzz::text_of(data, size);
  (void)janus::cli::read_summary(text);
  for (const JournalKind kind : {JournalKind::captions, JournalKind::images}) read(file, kind, text);
  return 0;
}
