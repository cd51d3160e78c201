// Lets a fuzzer under libFuzzer write its seeds: --write-seeds=FOLDER, which exists.
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kOption = "--write-seeds=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument = (*argv)[i];
    if (!argument.starts_with(kOption)) continue;
    const std::string folder(argument.substr(kOption.size()));
    size_t number = 0;
    for (const std::string& seed : fuzz_seeds()) {
      std::ofstream file(folder + "/seed-" + std::to_string(number++), std::ios::binary);
      janus::fuzz::require(bool(file << seed << std::flush), "a folder for seeds");
    }
    std::exit(EXIT_SUCCESS);
  }
  return 0;
}
