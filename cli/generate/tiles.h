// The images generated for one prompt, on one image without anything between them.
#pragma once

#include "cli/generate/candidates.h"

namespace janus::cli {

// Two in a row, the first at the upper left; a place without an image is black.
class Tiles {
 public:
  explicit Tiles(int64_t count) : count_(count) {}

  // Of one size, in order.
  void add(const Candidate& tile);
  bool whole() const { return there_ == count_; }
  // Has the first one's seed, the time of all, and no codes.
  const Candidate& joined() const { return joined_; }

 private:
  void add_times(const Timings& times);

  int64_t count_, there_ = 0;
  Candidate joined_;
};

}  // namespace janus::cli
