// The images' way: listed on one thread, read and decoded on several, answered on the caller's, every queue
// between them bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "cli/caption/caption_output.h"
#include "cli/caption/settings.h"
#include "cli/sources/feed_progress.h"
#include "generator/engine/request.h"
#include "generator/model.h"

namespace janus::cli {

struct CaptionProgress : FeedProgress {
  std::atomic<int64_t> tokens{0};
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
