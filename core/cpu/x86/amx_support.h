// Whether this process may use AMX: the processor has to have it, and the system to save its registers.
#pragma once

#include <cstdint>

namespace janus::cpu {

// What is asked, so that tests can answer.
struct AmxProber {
  // Registers c of cpuid leaf 1 and d of leaf 7; zero where there is no such leaf.
  uint32_t (*features_1c)();
  uint32_t (*features_7d)();
  uint64_t (*enabled_state)();  // xgetbv(0); asked where leaf 1 says that it can be
  // Asks the system for the right to use the tiles; false where it refuses, or knows no such right.
  bool (*request_tiles)();
};

AmxProber amx_prober();  // of this machine

// Null where AMX with bf16 and int8 may be used from now on, else what is missing, for people. The right,
// once given, is that of all threads of the process.
const char* missing_for_amx(const AmxProber& prober);

}  // namespace janus::cpu
