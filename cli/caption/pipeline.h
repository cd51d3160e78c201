// The images' way: listed on one thread, read and decoded on several, answered on the caller's, every queue
// between them bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "cli/caption/caption_output.h"
#include "cli/caption/passed_over.h"
#include "cli/caption/settings.h"
#include "generator/engine/request.h"
#include "generator/model.h"

namespace janus::cli {

// Why images are skipped.
inline constexpr const char* kDoneBefore = "done before";
inline constexpr const char* kNamedTwice = "named twice";
inline constexpr const char* kNotMeant = "outside --where";

// How far a run is; all counts are of images unless they say otherwise. Written by its threads, read by the
// display.
struct CaptionProgress {
  std::atomic<int64_t> total{-1};   // that the sources hold; -1 = not known
  std::atomic<int64_t> skipped{0};  // had their caption, were named twice or did not meet the conditions
  std::atomic<int64_t> captioned{0};
  std::atomic<int64_t> failed{0};         // in this run
  std::atomic<int64_t> transient{0};      // of those, what the next run tries again
  std::atomic<int64_t> still_failed{0};   // errors of earlier runs that were left alone
  std::atomic<int64_t> source_faults{0};  // folders, lists and archives that could not be read
  std::atomic<int64_t> tokens{0};
  std::atomic<bool> listed_all{false};
  PassedOver passed_over;  // the skipped ones too

  // An image that is skipped, and why.
  void skip(const char* one) {
    ++skipped;
    passed_over.add(one);
  }
  int64_t done() const { return skipped + captioned + failed + still_failed; }
};

struct CaptionRun {
  const CaptionSettings& settings;
  const Model& model;
  const std::vector<AnswerRequest>& questions;  // asked about every image
  CaptionOutput& output;
  Console& console;
  CaptionProgress& progress;
  std::function<bool()> stopped;  // whether the user wants it to end after what is in work
};

// Captions everything the sources list. Throws Error if the output cannot be written.
void run_captions(const CaptionRun& run);

}  // namespace janus::cli
