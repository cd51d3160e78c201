// How far a caption run is, for people and for programs.
#pragma once

#include <chrono>

#include "cli/caption/pipeline.h"
#include "cli/io/progress.h"

namespace janus::cli {

// Counts from its making on.
class CaptionWatch {
 public:
  RunStatus status_of(const CaptionProgress& progress) const;

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace janus::cli
