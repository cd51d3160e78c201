// What a model consists of, as people read it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/readable_bytes.h"

namespace janus::cli {

std::string readable_types(const std::map<std::string, int64_t>& types);  // "bf16 1.0 MB, q8_0 8.5 MB"

}  // namespace janus::cli
