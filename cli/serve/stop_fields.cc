#include "cli/serve/stop_fields.h"

#include <fmt/format.h>

namespace janus::cli {

std::vector<std::string> read_stops(const RequestFields& fields, std::string_view key) {
  std::vector<std::string> stops = fields.texts(key);
  const auto check_most = [&](size_t found, size_t most, const char* what) {
    if (found <= most) return;
    refuse(fields.path_of(key), fmt::format("at most {} {}", most, what), std::to_string(found));
  };
  check_most(stops.size(), kMostStops, "texts");
  for (const std::string& stop : stops) check_most(stop.size(), kLongestStop_bytes, "bytes");
  return stops;
}

}  // namespace janus::cli
