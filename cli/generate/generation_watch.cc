#include "cli/generate/generation_watch.h"

#include "cli/io/run_status.h"

namespace janus::cli {

RunStatus GenerationWatch::status() const {
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const auto per_second = [&](int64_t count) {
    return elapsed > 0 ? static_cast<double>(count) / elapsed : 0;
  };
  // By their parts: images that are generated side by side are finished at about the same time.
  const double share = static_cast<double>(drawn_) / static_cast<double>(units_);
  return run_status({.phase = "drawing",
                     .done = finished_,
                     .total = images_,
                     .errors = failed_,
                     .images_per_second = per_second(finished_),
                     .unit = unit_,
                     .units_per_second = per_second(drawn_),
                     .share = share,
                     .left_s = share > 0 ? elapsed * (1 - share) / share : -1});
}

}  // namespace janus::cli
