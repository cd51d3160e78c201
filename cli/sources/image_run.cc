#include "cli/sources/image_run.h"

#include <utility>

#include "cli/io/progress.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

void finish(const ImageRun& run, std::vector<LoadedImage>& images, FeedProgress& progress, Console& console) {
  run.work(images);
  for (LoadedImage& image : images) {
    if (!image.fault.empty()) {
      console.error(image.fault);
    } else if (!image.warning.empty()) {
      console.detail(image.warning);
    }
    run.write(image);
    ++(image.fault.empty() ? progress.finished : progress.failed);
  }
  images.clear();
}

}  // namespace

Outcome run_images(const ImageRun& run, const InterruptNotice& interrupt, FeedProgress& progress,
                   Console& console) {
  ProgressDisplay display(console);
  display.follow([&progress, &run, watch = FeedWatch()] { return watch.status_of(progress, run.terms); });
  ImageFeed feed({.sources = run.sources,
                  .progress = progress,
                  .console = console,
                  .prepare = run.prepare,
                  .ahead = static_cast<size_t>(2 * run.batch + 2),
                  .order = ImageOrder::listed});
  std::vector<LoadedImage> images;
  while (!interrupt.came() && !feed.drained()) {
    std::optional<LoadedImage> loaded = feed.take(/*wait=*/true);
    if (loaded) images.push_back(std::move(*loaded));
    const bool whole = static_cast<int64_t>(images.size()) == run.batch;
    if (whole || (!images.empty() && feed.drained())) finish(run, images, progress, console);
  }
  finish(run, images, progress, console);
  feed.end();
  display.hide();
  const bool found = progress.done() + progress.source_faults > 0 || interrupt.came();
  if (!found) throw Error(nothing_found(run.command, run.sources.paths.front(), progress.passed_over));
  console.notice(feed_counts(progress, run.terms.finished) +
                 (interrupt.came() ? "; stopped before the end" : ""));
  return progress.failed + progress.source_faults > 0 ? Outcome::some_failed : Outcome::done;
}

}  // namespace janus::cli
