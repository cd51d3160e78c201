// How far the images of a run are, as the feed and its user count them.
#pragma once

#include <atomic>
#include <cstdint>

#include "cli/sources/passed_over.h"

namespace janus::cli {

// All counts are of images unless they say otherwise. Written by a run's threads, read by the display.
struct FeedProgress {
  std::atomic<int64_t> total{-1};       // that the sources hold; -1 = not known
  std::atomic<int64_t> done_before{0};  // had what the run is about
  std::atomic<int64_t> filtered{0};     // did not meet the conditions
  std::atomic<int64_t> named_twice{0};
  std::atomic<int64_t> finished{0};       // what the run is about is there of them
  std::atomic<int64_t> failed{0};         // in this run
  std::atomic<int64_t> transient{0};      // of those, what the next run tries again
  std::atomic<int64_t> still_failed{0};   // errors of earlier runs that were left alone
  std::atomic<int64_t> source_faults{0};  // folders, lists and archives that could not be read
  std::atomic<bool> listed_all{false};
  PassedOver passed_over;  // what is none of these

  int64_t done() const { return done_before + filtered + named_twice + finished + errors(); }
  int64_t errors() const { return failed + still_failed; }
};

}  // namespace janus::cli
