// The strings that end an answer.
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

// Takes a text piece by piece and ends it before the first of several strings, wherever the pieces part.
class StopStrings {
 public:
  // Empty strings are passed over.
  explicit StopStrings(std::vector<std::string> strings);

  // Returns what is certain to stand before a stop string; what may be the beginning of one waits. Nothing
  // once hit().
  std::string push(std::string_view piece);
  // Returns what still waits, at the text's end.
  std::string finish();
  // Whether the text has come to one of them.
  bool hit() const { return hit_; }

 private:
  std::vector<std::string> strings_;
  std::string waiting_;
  bool hit_ = false;
};

}  // namespace janus::cli
