// What a fuzzer consists of: fuzz_seeds() and LLVMFuzzerTestOneInput(), one file a reader of bytes. As a
// test, mutate.cc drives it, the same way every time; with JANUS_FUZZ, clang's libFuzzer searches on its own
// (tests/fuzz/run.sh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

// Whole inputs to start from.
std::vector<std::string> fuzz_seeds();

// Reads one input. Must end normally, in little time and memory; a fault of the input is a janus::Error,
// which it catches. Anything else crashes and so fails. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace janus::fuzz {

// Ends the program, saying what was expected, unless `condition`.
void require(bool condition, const char* what);
// Of an Error's message: words that end. Names of the input may show in it as they are: the program escapes
// them where it prints (cli/io/safe_text.h).
void require_words(std::string_view message);
// The same, on one line: where no name of the input shows that may have several.
void require_one_line(std::string_view message);
// The same, of printable ASCII.
void require_ascii_line(std::string_view message);

// How many inputs, or parts of them, were read and refused.
struct Tally {
  uint64_t taken = 0, refused = 0;
};
Tally& tally();

// Whether `read` takes its input; false where it throws Error, whose message `check` looks at.
template <typename Read>
bool takes(const Read& read, void (*check)(std::string_view message) = require_words) {
  try {
    read();
    ++tally().taken;
    return true;
  } catch (const Error& error) {
    check(error.what());
    ++tally().refused;
    return false;
  }
}

// The input's bytes as text.
inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
// The parts of an input that stands for several files or arguments; zero bytes part them. The last has what
// is left.
std::vector<std::string> parts_of(std::string_view input, size_t count);
std::string joined(const std::vector<std::string>& parts);

// The file at `path` below tests/data.
std::string test_data(const std::string& path);
// The files of at most `most_bytes` in folders below tests/data, in the order of their names; of all kinds,
// or those with an extension (".png").
std::vector<std::string> test_files(const std::vector<std::string>& folders, size_t most_bytes,
                                    const std::string& extension = {});

// A file in a folder of its own, which goes with it, for readers that take a path.
class NamedFile {
 public:
  explicit NamedFile(const char* name);
  ~NamedFile();
  NamedFile(const NamedFile&) = delete;
  NamedFile& operator=(const NamedFile&) = delete;

  const std::string& path() const { return path_; }
  void write(std::string_view bytes) const;

 private:
  std::string folder_, path_;
};

}  // namespace janus::fuzz
