#include "cli/caption/progress_status.h"

#include "cli/io/run_status.h"

namespace janus::cli {

RunStatus CaptionWatch::status_of(const CaptionProgress& progress) const {
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const int64_t done = progress.done(), total = progress.total;
  // What was passed over costs next to nothing: the pace is that of the rest.
  const auto worked = static_cast<double>(progress.finished + progress.failed);
  const double images_per_second = elapsed > 0 ? worked / elapsed : 0;
  const double tokens_per_second = elapsed > 0 ? static_cast<double>(progress.tokens) / elapsed : 0;
  const bool foreseen = total >= done && images_per_second > 0;
  const double left_s = foreseen ? static_cast<double>(total - done) / images_per_second : -1;

  return run_status({.phase = "captioning",
                     .done = done,
                     .total = total,
                     .own = {{"captioned", progress.finished.load()},
                             {"done_before", progress.done_before.load()},
                             {"filtered", progress.filtered.load()},
                             {"named_twice", progress.named_twice.load()},
                             {"passed_over", progress.passed_over.total()}},
                     .errors = progress.errors(),
                     .images_per_second = images_per_second,
                     .unit = "tokens",
                     .units_per_second = tokens_per_second,
                     .share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : -1,
                     .left_s = left_s});
}

}  // namespace janus::cli
