// Whether a model fits into memory, asked before it is loaded.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/base/machine_memory.h"
#include "generator/memory_need.h"

namespace janus::cli {

// What does not fit does so once other things have gone.
struct NotEnoughMemory : Error {
  using Error::Error;
};

// What is asked about.
struct MemoryQuestion {
  const Checkpoint& checkpoint;
  std::string model;   // for messages
  std::string device;  // its name
  ModelOptions options;
  Work work;
  bool in_memory = false;  // the checkpoint's own bytes are there already, in no file
};

struct MemoryAnswer {
  std::string warning;     // or empty
  int images_at_once = 0;  // so many fit side by side; 0: as many as the device likes
};

// Throws NotEnoughMemory with the numbers, and the option that makes it fit, where what cannot be given back
// (converted weights, cache, scratch) is more than `machine` has, with the fewest images side by side: the
// system would end the process. Mapped weights it can give back, so where only these are too much, that is a
// warning of the same form.
MemoryAnswer check_memory(const MemoryQuestion& question, const MachineMemory& machine);

// Throws NotEnoughMemory where `bytes` are more than `machine` has: of what, and what to do about it.
void check_room(int64_t bytes, const std::string& what, const std::string& advice,
                const MachineMemory& machine);

}  // namespace janus::cli
