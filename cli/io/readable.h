// Sizes as people read them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace janus::cli {

std::string readable_bytes(int64_t bytes);                                // "2.25 GB"
std::string readable_types(const std::map<std::string, int64_t>& types);  // "bf16 1.0 MB, q8_0 8.5 MB"

}  // namespace janus::cli
