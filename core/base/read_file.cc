#include "core/base/read_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file_descriptor.h"
#include "core/base/machine_fault.h"
#include "core/base/open_file.h"
#include "core/base/remedy.h"

namespace janus {
namespace {

constexpr size_t kBlock = size_t{1} << 16;

// path: empty where there is only a descriptor.
[[noreturn]] void refuse(const std::string& name, const std::string& path = {}) {
  const int fault = errno;
  fail_of_system(fault, fmt::format("{}: expected a readable file, found: {}; {}", name, std::strerror(fault),
                                    reading_remedy_of(fault, path)));
}

// As the system tells it; 0 where it does not.
size_t size_of(int descriptor) {
  struct stat status {};
  const bool known = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  return known ? static_cast<size_t>(status.st_size) : 0;
}

}  // namespace

std::string read_to_end(int descriptor, const std::string& name, size_t most_bytes) {
  const size_t size = size_of(descriptor), most_room = most_bytes + 1;
  check(size <= most_bytes, "{}: expected at most {} bytes, found {}; check the path", name, most_bytes,
        size);
  // One byte more than there are, so that the end is met before the room is used up.
  std::string bytes(size > 0 ? size + 1 : std::min(most_room, kBlock), '\0');
  for (size_t have = 0;;) {
    const ssize_t got = ::read(descriptor, bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(name);
    have += static_cast<size_t>(got);
    check(have <= most_bytes, "{}: expected at most {} bytes, found more; check the path", name, most_bytes);
    if (got == 0) {
      bytes.resize(have);
      return bytes;
    }
    if (have == bytes.size()) bytes.resize(std::min(most_room, 2 * have));
  }
}

std::string read_file(const std::string& path, const std::string& name, size_t most_bytes) {
  if (path == kStandardInput) return read_to_end(STDIN_FILENO, name, most_bytes);
  const FileDescriptor file = open_file(path, O_RDONLY);
  if (!file.is_open()) refuse(name, path);
  return read_to_end(file.get(), name, most_bytes);
}

}  // namespace janus
