// How far a run of several images is, for people and for programs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "cli/io/progress.h"

namespace janus::cli {

// Counts from its making on. Written by the thread that generates, read by the display.
class GenerationWatch {
 public:
  // images: to be generated, of `units` in all: codes or steps, as `unit` says.
  GenerationWatch(int64_t images, int64_t units, const char* unit)
      : images_(images), units_(units), unit_(unit) {}

  void drew() { ++drawn_; }
  void finished_image() { ++finished_; }
  void failed_image() { ++failed_; }
  RunStatus status() const;

 private:
  const int64_t images_, units_;
  const char* const unit_;
  std::atomic<int64_t> drawn_{0}, finished_{0}, failed_{0};
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace janus::cli
