// A run over many images whose results are made on the caller's thread, several images at once, in the order
// in which they are listed.
#pragma once

#include <functional>
#include <vector>

#include "cli/app/command.h"
#include "cli/io/interrupt.h"
#include "cli/sources/feed_report.h"
#include "cli/sources/image_feed.h"

namespace janus::cli {

struct ImageRun {
  const SourceSettings& sources;
  FeedTerms terms;
  std::string command;  // "janus embed"
  int64_t batch = 1;
  Prepare prepare;  // called on several threads
  // At most `batch` images. Sets the fault of one that fails; the others, and those with one, are passed on.
  std::function<void(std::vector<LoadedImage>&)> work;
  // Each image after that: its result, or its fault, which has been told.
  std::function<void(LoadedImage&)> write;
};

// Runs to the end, or to the images in work once `interrupt` came. Tells faults, progress and, at the end,
// counts. Throws Error where there is no image at all. some_failed: faults were told, of images or of what
// lists them.
Outcome run_images(const ImageRun& run, const InterruptNotice& interrupt, FeedProgress& progress,
                   Console& console);

}  // namespace janus::cli
