// Feeds a fuzzer its seeds and damaged copies of them, the same ones every time. The first argument is the
// number of files, the second the first file's number, to repeat one.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

// Text that readers of formats with JSON or numbers in them stumble over; numbers first.
constexpr size_t kNumbers = 6;
const std::vector<std::string> kTokens = {"0",
                                          "-1",
                                          "1e999",
                                          "9223372036854775807",
                                          "18446744073709551615",
                                          "4294967296",
                                          "null",
                                          "true",
                                          "\"\"",
                                          "[]",
                                          "{}",
                                          "[",
                                          "]",
                                          "{",
                                          "}",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\",
                                          "\xff",
                                          "\\u0000"};

class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, uint64_t number) : seeds_(seeds), random_(number) {}

  std::string next() {
    std::string file = seeds_[below(seeds_.size())];
    for (size_t changes = 1 + below(4); changes-- > 0;) change(file);
    return file;
  }

 private:
  // Not std::uniform_int_distribution, which differs between standard libraries.
  size_t below(size_t bound) { return random_() % bound; }

  void change(std::string& file) {
    const size_t at = below(file.size() + 1);
    const size_t length = std::min(below(below(2) == 0 ? 8 : 200), file.size() - at);
    const size_t kind = below(9);
    if (kind == 0) {
      file.resize(at);
    } else if (kind == 1) {
      file.erase(at, length);
    } else if (kind == 2) {
      file.insert(at, file.substr(below(file.size() + 1), length));
    } else if (kind == 3) {
      file.replace(at, length, kTokens[below(kTokens.size())]);
    } else if (kind == 4) {
      const std::string& other = seeds_[below(seeds_.size())];
      file = file.substr(0, at) + other.substr(std::min(at, other.size()));
    } else if (kind == 5) {
      change_byte(file, at);
    } else {
      change_number(file, at);
    }
  }

  void change_byte(std::string& file, size_t at) {
    if (at == file.size()) return;
    const size_t bit = size_t{1} << below(8);
    file[at] = static_cast<char>(below(2) == 0 ? static_cast<unsigned char>(file[at]) ^ bit : below(256));
  }

  // Of the digits that stand next.
  void change_number(std::string& file, size_t at) {
    const char* digits = "0123456789";
    const size_t begin = file.find_first_of(digits, at);
    if (begin == file.npos) return;
    const size_t end = std::min(file.find_first_not_of(digits, begin), file.size());
    file.replace(begin, end - begin, below(2) == 0 ? kTokens[below(kNumbers)] : std::to_string(below(64)));
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_;
};

void feed(const std::string& file) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(file.data()), file.size());
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const std::vector<std::string> seeds = fuzz_seeds();
  for (const std::string& seed : seeds) feed(seed);
  for (uint64_t number = first; number < first + count; ++number) feed(Mutator(seeds, number).next());
  std::printf("%llu files\n", static_cast<unsigned long long>(count));
}
