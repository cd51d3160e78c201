// The bytes of image files, and when they were changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace janus::cli {

inline constexpr int64_t kMostImageBytes = int64_t{1} << 30;

struct ImageBytes {
  std::string content;
  int64_t bytes = 0;
  double mtime = 0;  // seconds since 1970
};

// Finds out size and time alone; false, with the reason in `fault`, for anything but a file. Like all below,
// throws MachineFault where the machine is at fault.
bool look_at_file(const std::string& path, int64_t& bytes, double& mtime, std::string& fault);

// At most the first `most_bytes` of a file; nothing for what is none or cannot be read. Waits for no pipe.
std::optional<std::string> read_head(const std::string& path, size_t most_bytes);

// Throws TransientError for what is no file or cannot be read for another reason, Error for what is larger
// than an image may be.
ImageBytes read_image_bytes(const std::string& path);

}  // namespace janus::cli
