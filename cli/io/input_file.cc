#include "cli/io/input_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace janus::cli {
namespace {

constexpr size_t kMostBytes = size_t{1} << 28;

}  // namespace

std::string read_input(const std::string& path, const std::string& what) {
  bool standard = path == "-";
  int descriptor = standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  check(descriptor >= 0, "{}, {}: expected a file that can be read, found {}; check the path", what, path,
        std::strerror(errno));
  std::string text;
  std::array<char, 1 << 16> block{};
  ssize_t size = 0;
  while ((size = read(descriptor, block.data(), block.size())) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    text.append(block.data(), static_cast<size_t>(size));
    if (text.size() > kMostBytes) break;
  }
  int fault = errno;
  if (!standard) close(descriptor);
  check(text.size() <= kMostBytes, "{}, {}: expected at most {} bytes, found more; check the path", what,
        path, kMostBytes);
  check(size == 0, "{}, {}: expected a file that can be read, found {}; check the path", what, path,
        std::strerror(fault));
  return text;
}

}  // namespace janus::cli
