#include "core/cpu/processor_quota.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>

namespace janus::cpu {
namespace fs = std::filesystem;
namespace {

// Reads the quota of one group; nothing where its files are missing or grant everything ("max", -1).
std::optional<double> quota_of(const fs::path& group, bool version2) {
  double quota = 0.0, period = 0.0;
  bool read = false;
  if (version2) {
    std::ifstream file(group / "cpu.max");
    read = static_cast<bool>(file >> quota >> period);
  } else {
    std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
    read = static_cast<bool>(quota_file >> quota) && static_cast<bool>(period_file >> period);
  }
  if (!read || !(quota > 0.0) || !(period > 0.0)) return std::nullopt;
  return quota / period;
}

// The least of the group at `path` and those around it. In a container the path may be that of the host, of
// which only the root is to be seen.
std::optional<double> quota_around(const fs::path& root, fs::path path, bool version2) {
  std::optional<double> least = quota_of(root, version2);
  for (path = path.relative_path(); !path.empty(); path = path.parent_path()) {
    const std::optional<double> here = quota_of(root / path, version2);
    if (here) least = std::min(least.value_or(*here), *here);
  }
  return least;
}

}  // namespace

int quota_processors(const QuotaSource& source) {
  std::optional<double> least;
  std::ifstream file(source.own_groups);
  // Lines "number:controllers:/path"; version 2 has the number 0 and no controllers.
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool version2 = controllers == ",,";
    if (!version2 && controllers.find(",cpu,") == std::string::npos) continue;
    const fs::path root = version2 ? fs::path(source.group_root) : fs::path(source.group_root) / "cpu";
    const std::optional<double> here = quota_around(root, line.substr(second + 1), version2);
    if (here) least = std::min(least.value_or(*here), *here);
  }
  constexpr double kMost = 1 << 16;
  return least ? static_cast<int>(std::ceil(std::min(*least, kMost))) : 0;
}

}  // namespace janus::cpu
