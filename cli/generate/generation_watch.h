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
  // images: to be generated, of `codes` each.
  GenerationWatch(int64_t images, int64_t codes) : images_(images), codes_(codes) {}

  void sampled_code() { ++sampled_codes_; }
  void finished_image() { ++finished_; }
  void failed_image() { ++failed_; }
  RunStatus status() const;

 private:
  const int64_t images_, codes_;
  std::atomic<int64_t> sampled_codes_{0}, finished_{0}, failed_{0};
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace janus::cli
