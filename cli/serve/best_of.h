// The best of several images of one prompt, as `janus generate --best-of` chooses it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "cli/serve/image_run.h"

namespace janus::cli {

struct RankedImage {
  int image = 0;  // its number in the job
  uint32_t seed = 0;
  double score = 0;  // comparable within the job alone
};

// As ImageEvents; in the end one of the last two is called, once.
struct BestOfEvents {
  std::function<void(int image, int place)> on_place = {};
  std::function<void(const PartialImage& partial)> on_partial = {};  // of any candidate
  // ranked: all candidates, best first; `best` is the first of them.
  std::function<void(const GeneratedImage& best, const std::vector<RankedImage>& ranked)> on_best = {};
  std::function<void(const ApiError& error)> on_error = {};
};

// Starts the `count` images of a job. The model itself looks at each as soon as it is made.
void start_best_of(Service& service, const std::shared_ptr<ServedModel>& model,
                   const std::shared_ptr<Exchange>& exchange, const ImageJob& job, BestOfEvents events);

}  // namespace janus::cli
