// How many processors' worth of time this process is granted.
#pragma once

#include <string>

namespace janus::cpu {

// Where the numbers come from.
struct QuotaSource {
  std::string own_groups = "/proc/self/cgroup";
  std::string group_root = "/sys/fs/cgroup";
};

// The least that the control groups around the process grant, rounded up; 0 without a limit. Version 1 and 2.
int quota_processors(const QuotaSource& source = {});

}  // namespace janus::cpu
