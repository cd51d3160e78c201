// Strings at which an answer ends, while it is written piece by piece.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/serve/request_json.h"

namespace janus::cli {

// The most strings of a request, and the most bytes of one.
inline constexpr size_t kMostStops = 16, kLongestStop_bytes = 1024;

// Reads the text or the list under `key`; empty texts are left out. Throws ApiError (400).
std::vector<std::string> read_stops(const RequestFields& fields, std::string_view key = "stop");

// Lets text through up to the first place where one of the strings begins. What may be the beginning of one
// is held back until more text tells.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Returns the text that is certain to be shown.
  std::string push(std::string_view piece);
  // Returns what is held back, since no more comes. Nothing once an answer has stopped.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace janus::cli
