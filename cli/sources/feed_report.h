// How far a run over many images is, for people and for programs, and what it tells at its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/io/progress.h"
#include "cli/sources/feed_progress.h"

namespace janus::cli {

// How a command speaks of its work.
struct FeedTerms {
  std::string phase, finished;  // "captioning", "captioned"
  std::string unit = {};        // what images take: "tokens"; may be empty
  int64_t units = 0;            // so far
};

// Counts from its making on.
class FeedWatch {
 public:
  RunStatus status_of(const FeedProgress& progress, const FeedTerms& terms) const;

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// "120 captioned, 3 done before, 1 error, 9 passed over: 4 PSD, 5 raw photos".
std::string feed_counts(const FeedProgress& progress, const std::string& finished);

// The error of a run of `command` ("janus caption") that found no picture at all.
std::string nothing_found(const std::string& command, const std::string& path, const PassedOver& passed_over);

}  // namespace janus::cli
