// The strings that end an answer, as requests give them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/serve/request_json.h"

namespace janus::cli {

// The most strings of a request, and the most bytes of one.
inline constexpr size_t kMostStops = 16, kLongestStop_bytes = 1024;

// Reads the text or the list under `key`. Throws ApiError (400).
std::vector<std::string> read_stops(const RequestFields& fields, std::string_view key = "stop");

}  // namespace janus::cli
