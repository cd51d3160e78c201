// Sizes as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace janus {

std::string readable_bytes(int64_t bytes);  // "2.25 GB"

}  // namespace janus
