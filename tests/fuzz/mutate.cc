// Feeds a fuzzer what once broke a reader, its seeds, and damaged copies of both, the same ones every time:
// mutate FOLDER [COUNT [FIRST]]. FOLDER has the former, COUNT is the number of damaged inputs, FIRST that of
// the first, to repeat one. Nothing may reach standard error meanwhile: the libraries' own words do not
// belong there.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

// Where a fuzzer has one.
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most,
                                                                unsigned seed);

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

constexpr size_t kRoom = 1000;  // bytes that an input may grow by

class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, uint64_t number) : seeds_(seeds), random_(number) {}

  std::string next() {
    std::string file = seeds_[below(seeds_.size())];
    if (LLVMFuzzerCustomMutator == nullptr || below(3) == 0) return changed(std::move(file));
    const size_t size = file.size();
    file.resize(2 * size + kRoom);
    auto* const data = reinterpret_cast<uint8_t*>(file.data());
    file.resize(LLVMFuzzerCustomMutator(data, size, file.size(), static_cast<unsigned>(random_())));
    return file;
  }

  std::string changed(std::string file) {
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

std::vector<std::string> kept_inputs(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::exists(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

void feed_all(uint64_t first, uint64_t count, const std::string& folder, uint64_t& number) {
  std::vector<std::string> seeds = fuzz_seeds();
  for (std::string& input : kept_inputs(folder)) seeds.push_back(std::move(input));
  for (const std::string& seed : seeds) feed(seed);
  for (number = first; number < first + count; ++number) feed(Mutator(seeds, number).next());
  const janus::fuzz::Tally& tally = janus::fuzz::tally();
  std::printf("%llu inputs; readers took %llu and refused %llu\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(tally.taken), static_cast<unsigned long long>(tally.refused));
  janus::fuzz::require(tally.taken > 0 && tally.refused > 0,
                       "inputs that are read, and others that are refused");
}

// Shows what came; whether anything did.
bool show(int errors) {
  char part[4096];
  bool any = false;
  ::lseek(errors, 0, SEEK_SET);
  for (ssize_t count; (count = ::read(errors, part, sizeof part)) > 0; any = true) {
    if (::write(STDERR_FILENO, part, static_cast<size_t>(count)) < 0) break;
  }
  return any;
}

}  // namespace

// What a fuzzer's own damage leaves to damage of bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most) {
  const std::vector<std::string> whole{{reinterpret_cast<const char*>(data), size}};
  const uint64_t number = std::hash<std::string>()(whole.front());
  const std::string changed = Mutator(whole, number).changed(whole.front());
  const size_t kept = std::min(changed.size(), most);
  std::copy_n(changed.begin(), kept, data);
  return kept;
}

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "";
  const uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000;
  const uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  auto* number = static_cast<uint64_t*>(
      ::mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const int errors = ::memfd_create("errors", MFD_CLOEXEC);
  janus::fuzz::require(number != MAP_FAILED && errors >= 0, "shared memory");
  *number = first;
  // In a process of its own, so that its last words are known however it ends.
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(errors, STDERR_FILENO);
    feed_all(first, count, folder, *number);
    return EXIT_SUCCESS;
  }
  int status = 0;
  janus::fuzz::require(child > 0 && ::waitpid(child, &status, 0) == child, "a process");
  const bool said = show(errors);
  if (status == 0 && !said) return EXIT_SUCCESS;
  std::fprintf(stderr, "expected no fault and nothing on standard error, found %s at input %llu, or before\n",
               status != 0 ? "a fault" : "words", static_cast<unsigned long long>(*number));
  return EXIT_FAILURE;
}
