// Whether a model fits into memory, asked before it is loaded.
#pragma once

#include <string>

#include "core/machine_memory.h"
#include "generator/memory_need.h"

namespace janus::cli {

// What is asked about.
struct MemoryQuestion {
  const Checkpoint& checkpoint;
  std::string model;   // for messages
  std::string device;  // its name
  ModelOptions options;
  Work work;
};

// Throws Error with the numbers, and the option that makes it fit, where what cannot be given back (converted
// weights, cache, scratch) is more than `machine` has: the system would end the process. Mapped weights it
// can give back, so where only these are too much, -> a warning of the same form; else nothing.
std::string check_memory(const MemoryQuestion& question, const MachineMemory& machine);

}  // namespace janus::cli
