// How much memory this process can still have.
#pragma once

#include <cstdint>
#include <string>

namespace janus {

// Where the numbers come from.
struct MemorySource {
  std::string meminfo = "/proc/meminfo";
  std::string own_groups = "/proc/self/cgroup";
  std::string group_root = "/sys/fs/cgroup";
};

struct MachineMemory {
  int64_t available_bytes = INT64_MAX;  // INT64_MAX where nothing tells
  std::string limit;                    // whose: "the machine", "its control group"
  // What the process may still ask for (ulimit -v, ulimit -d), in which what it has mapped counts already.
  int64_t address_bytes = INT64_MAX;
};

// The least of what the machine has (free, reclaimable and swap) and what each control group around the
// process may still take: its limit less its use, of which file cache can be given up. Version 1 and 2.
// address_bytes is this process's own, whatever the source.
MachineMemory machine_memory(const MemorySource& source = {});

}  // namespace janus
