#include "core/base/machine_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace janus {
namespace fs = std::filesystem;
namespace {

std::optional<int64_t> to_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// A file that holds one number; nothing where it is not there or holds a word ("max").
std::optional<int64_t> read_number(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  return file >> word ? to_number(word) : std::nullopt;
}

// The value behind `key` in a file of lines "key value ...".
std::optional<int64_t> read_key(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name, value;
    if (words >> name >> value && name == key) return to_number(value);
  }
  return std::nullopt;
}

// What the files of one version are called.
struct GroupFiles {
  const char* limit;
  const char* use;
  std::vector<const char*> reclaimable;  // keys of memory.stat
};

const GroupFiles kVersion1{
    "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}};
const GroupFiles kVersion2{
    "memory.max", "memory.current", {"inactive_file", "active_file", "slab_reclaimable"}};

std::optional<int64_t> available_in(const fs::path& group, const GroupFiles& files) {
  const std::optional<int64_t> limit = read_number(group / files.limit), use = read_number(group / files.use);
  if (!limit || !use) return std::nullopt;
  int64_t reclaimable = 0;
  for (const char* key : files.reclaimable) reclaimable += read_key(group / "memory.stat", key).value_or(0);
  return std::max<int64_t>(0, *limit - std::max<int64_t>(0, *use - reclaimable));
}

// The least of the group at `path` and those around it. In a container the path may be that of the host, of
// which only the root is to be seen.
std::optional<int64_t> available_around(const fs::path& root, fs::path path, const GroupFiles& files) {
  std::optional<int64_t> least = available_in(root, files);
  for (path = path.relative_path(); !path.empty(); path = path.parent_path()) {
    const std::optional<int64_t> here = available_in(root / path, files);
    if (here) least = std::min(least.value_or(*here), *here);
  }
  return least;
}

// Lines "number:controllers:/path"; version 2 has the number 0 and no controllers.
std::optional<int64_t> available_in_groups(const MemorySource& source) {
  std::optional<int64_t> least;
  std::ifstream file(source.own_groups);
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path path = line.substr(second + 1);
    std::optional<int64_t> here;
    if (controllers.find(",memory,") != std::string::npos) {
      here = available_around(fs::path(source.group_root) / "memory", path, kVersion1);
    } else if (controllers == ",,") {
      here = available_around(source.group_root, path, kVersion2);
    }
    if (here) least = std::min(least.value_or(*here), *here);
  }
  return least;
}

// What is left of a limit on the process, of which it uses the value of a field of /proc/self/statm in pages.
int64_t left_of(__rlimit_resource kind, size_t field) {
  rlimit limit{};
  if (getrlimit(kind, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return INT64_MAX;
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  for (size_t i = 0; i <= field; ++i) file >> pages;
  if (!file) return INT64_MAX;
  return std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) - pages * sysconf(_SC_PAGESIZE));
}

int64_t address_bytes_left() {
  constexpr size_t kAddresses = 0, kData = 5;
  return std::min(left_of(RLIMIT_AS, kAddresses), left_of(RLIMIT_DATA, kData));
}

}  // namespace

MachineMemory machine_memory(const MemorySource& source) {
  constexpr int64_t kKilobyte = 1024;
  MachineMemory memory;
  const std::optional<int64_t> available = read_key(source.meminfo, "MemAvailable:");
  if (available) {
    const int64_t swap = read_key(source.meminfo, "SwapFree:").value_or(0);
    memory = {.available_bytes = (*available + swap) * kKilobyte, .limit = "the machine"};
  }
  const std::optional<int64_t> in_groups = available_in_groups(source);
  if (in_groups && *in_groups < memory.available_bytes) {
    memory = {.available_bytes = *in_groups, .limit = "the control group"};
  }
  memory.address_bytes = address_bytes_left();
  return memory;
}

}  // namespace janus
