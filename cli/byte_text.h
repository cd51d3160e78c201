// Amounts of bytes for people.
#pragma once

#include <cstdint>
#include <string>

namespace janus::cli {

// "12.3 MB", "4.18 GB": powers of ten, as disks and downloads are sold.
std::string readable_bytes(int64_t bytes);

}  // namespace janus::cli
