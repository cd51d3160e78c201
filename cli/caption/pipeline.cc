#include "cli/caption/pipeline.h"

#include <unordered_map>
#include <utility>

#include "cli/caption/picture_feed.h"

namespace janus::cli {
namespace {

// The end of the pictures' way, on the thread that runs the model.
class Answering {
 public:
  explicit Answering(const CaptionRun& run) : run_(run), feed_(run) {}

  void run() {
    while (true) {
      const bool stopped = run_.stopped();
      if (stopped) run_.batch.dismiss_waiting();
      if (!stopped) let_join();
      if (run_.batch.idle() && (stopped || feed_.drained())) break;
      for (BatchAnswers& done : run_.batch.step()) write(done);
      run_.progress.tokens = run_.batch.tokens_drawn();
    }
    feed_.end();
  }

 private:
  // Takes what is there; with nothing else to do, waits for some.
  void let_join() {
    std::vector<BatchPicture> joining;
    for (int room = run_.batch.room(); room > 0 && !run_.stopped();) {
      std::optional<LoadedPicture> picture = feed_.take(/*wait=*/run_.batch.idle() && joining.empty());
      if (!picture) break;
      if (!picture->fault.empty()) {
        tell_fault(*picture);
      } else if (picture->unchanged) {
        ++(picture->listed.old_failed ? run_.progress.still_failed : run_.progress.skipped);
      } else {
        joining.push_back({.ticket = ++ticket_, .pixels = std::move(picture->pixels)});
        picture->pixels = {};
        in_work_.emplace(ticket_, std::move(*picture));
        --room;
      }
    }
    run_.batch.add(std::move(joining));
  }

  void tell_fault(const LoadedPicture& picture) {
    run_.console.error(picture.fault);
    ++run_.progress.failed;
    // A file that cannot be read now says nothing against the caption it has: a disk may be away for a while.
    const bool read = !picture.sha256.empty();
    if (read || !picture.listed.has_caption) run_.output.write_error(picture);
  }

  void write(const BatchAnswers& done) {
    const auto picture = in_work_.find(done.ticket);
    if (!picture->second.warning.empty()) run_.console.detail(picture->second.warning);
    run_.output.write(picture->second, done.answers);
    in_work_.erase(picture);
    ++run_.progress.captioned;
  }

  const CaptionRun& run_;
  PictureFeed feed_;
  int64_t ticket_ = 0;
  std::unordered_map<int64_t, LoadedPicture> in_work_;
};

}  // namespace

void run_captions(const CaptionRun& run) { Answering(run).run(); }

}  // namespace janus::cli
