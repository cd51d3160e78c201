// Lists of paths in a text of any encoding, and the fields of JSON lines.
#include "cli/io/text_input.h"
#include "cli/sources/path_list.h"
#include "core/base/json_line.h"
#include "tests/fuzz/fuzz.h"

namespace {

using janus::fuzz::require;
using janus::fuzz::takes;

void look_at(const std::string& entry) {
  for (const char* field : {"image", "path"}) {
    std::string path, found;
    janus::cli::Json others;
    const bool read = janus::cli::read_item(entry, field, path, others, found);
    ++(read ? janus::fuzz::tally().taken : janus::fuzz::tally().refused);
    if (!read) janus::fuzz::require_one_line(found);
    if (read && !others.is_null())
      require(janus::to_line(others).find('\n') == std::string::npos, "fields in a line");
  }
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds = janus::fuzz::test_files({"lists"}, 1000, ".txt");
  seeds.insert(seeds.end(),
               {"{\"image\": \"a.png\", \"id\": [1, {\"b\": null}]}\n{\"path\": \"\\u00e9.png\"}\n",
                "a.png\r\n\r\n b.png \n", std::string("a\0b\0", 4)});
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using janus::cli::EntryEnd;
  static const janus::fuzz::NamedFile file("list");
  const std::string_view bytes = janus::fuzz::text_of(data, size);
  file.write(bytes);
  for (const EntryEnd end : {EntryEnd::line, EntryEnd::zero}) {
    takes([&] {
      janus::cli::read_entries(
          file.path(), end, end == EntryEnd::line ? janus::cli::kLongestRecord : janus::cli::kLongestPath,
          [](const std::string& entry) {
            require(!entry.empty(), "no empty entry");
            look_at(entry);
            return true;
          },
          [] { return false; });
    });
  }
  // A text is the same whether it comes whole or byte by byte.
  std::string whole, pieces;
  const bool taken = takes([&] { whole = janus::cli::decode_text(bytes, "text"); });
  const bool taken_again = takes([&] {
    janus::cli::TextDecoder decoder("text");
    for (const char byte : bytes) pieces += decoder.push({&byte, 1});
    pieces += decoder.finish();
  });
  require(taken == taken_again && (!taken || whole == pieces), "the same text in pieces");
  return 0;
}
