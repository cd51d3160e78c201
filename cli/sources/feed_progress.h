// How far the images of a run are, as the feed and its user count them.
#pragma once

#include <atomic>
#include <cstdint>

#include "cli/sources/passed_over.h"

namespace janus::cli {

// Why images are skipped.
inline constexpr const char* kDoneBefore = "done before";
inline constexpr const char* kNamedTwice = "named twice";
inline constexpr const char* kNotMeant = "outside --where";

// All counts are of images unless they say otherwise. Written by a run's threads, read by the display.
struct FeedProgress {
  std::atomic<int64_t> total{-1};         // that the sources hold; -1 = not known
  std::atomic<int64_t> skipped{0};        // for one of the reasons above
  std::atomic<int64_t> finished{0};       // what the run is about is there of them
  std::atomic<int64_t> failed{0};         // in this run
  std::atomic<int64_t> transient{0};      // of those, what the next run tries again
  std::atomic<int64_t> still_failed{0};   // errors of earlier runs that were left alone
  std::atomic<int64_t> source_faults{0};  // folders, lists and archives that could not be read
  std::atomic<bool> listed_all{false};
  PassedOver passed_over;  // the skipped ones too

  // An image that is skipped, and why.
  void skip(const char* one) {
    ++skipped;
    passed_over.add(one);
  }
  int64_t done() const { return skipped + finished + failed + still_failed; }
  int64_t errors() const { return failed + still_failed; }
};

}  // namespace janus::cli
