// What a fuzzer consists of. mutate.cc drives it as a test, the same way every time; clang's
// -fsanitize=fuzzer in place of mutate.cc searches on its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Whole files to start from.
std::vector<std::string> fuzz_seeds();

// Reads one file. Must end normally, in little time and memory; a fault of the file is a janus::Error, which
// it catches. Anything else crashes and so fails. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
