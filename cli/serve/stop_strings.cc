#include "cli/serve/stop_strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace janus::cli {
namespace {

// The number of bytes at the end of `text` with which `stop` begins.
size_t begun_at_end(std::string_view text, std::string_view stop) {
  for (size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
    if (text.ends_with(stop.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

std::vector<std::string> read_stops(const RequestFields& fields, std::string_view key) {
  std::vector<std::string> stops = fields.texts(key);
  std::erase(stops, std::string());
  const auto refuse = [&](const std::string& expected, size_t found) {
    const std::string path = fields.path_of(key);
    throw ApiError(400, fmt::format("{}: expected at most {}, found {}", path, expected, found), {}, path);
  };
  if (stops.size() > kMostStops) refuse(fmt::format("{} texts", kMostStops), stops.size());
  for (const std::string& stop : stops) {
    if (stop.size() > kLongestStop_bytes) refuse(fmt::format("{} bytes", kLongestStop_bytes), stop.size());
  }
  return stops;
}

std::string StopStrings::push(std::string_view piece) {
  if (stopped_) return {};
  held_ += piece;
  size_t stop_at = held_.npos, held_back = 0;
  for (const std::string& stop : stops_) {
    stop_at = std::min(stop_at, held_.find(stop));
    held_back = std::max(held_back, begun_at_end(held_, stop));
  }
  stopped_ = stop_at != held_.npos;
  const size_t certain = stopped_ ? stop_at : held_.size() - held_back;
  std::string shown = held_.substr(0, certain);
  held_.erase(0, certain);
  return shown;
}

std::string StopStrings::finish() { return stopped_ ? std::string() : std::exchange(held_, {}); }

}  // namespace janus::cli
