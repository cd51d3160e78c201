#include "cli/caption/pipeline.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "cli/sources/image_feed.h"
#include "core/base/finite.h"
#include "generator/engine/engine.h"

namespace janus::cli {
namespace {

// An image from when the engine is asked about it until its last answer.
struct Asked {
  LoadedImage loaded;
  std::vector<Answer> answers;  // one a question
  std::vector<RequestId> requests;
  size_t left = 0;     // answers that have not ended
  bool begun = false;  // one of them
  bool dismissed = false;
};

// The end of the images' way, on the thread that runs the model.
class Answering {
 public:
  explicit Answering(const CaptionRun& run)
      : run_(run),
        feed_({.sources = run.settings.sources,
               .progress = run.progress,
               .console = run.console,
               .prepare =
                   [&run](const Image& image) { return preprocess(image, run.model.preprocess_config()); },
               .ahead = static_cast<size_t>(2 * run.settings.batch + 2),
               .need_of = [&run](ListedImage& image) { return run.output.need_of(image); },
               .on_archive = [&run](const ListedImage& archive) { run.output.note_archive(archive); }}),
        engine_(run.model,
                {.rows = static_cast<int>(run.settings.batch), .answer_window = run.settings.draft}) {}

  void run() {
    while (true) {
      const bool stopped = run_.stopped();
      if (stopped) cancel_pending();
      if (!stopped) let_join();
      if (in_work_.empty() && (stopped || feed_.drained())) break;
      engine_.step();
      if (fault_) std::rethrow_exception(fault_);
      for (const std::shared_ptr<Asked>& done : std::exchange(done_, {})) write(*done);
      run_.progress.tokens = engine_.load().tokens_sampled;
    }
    feed_.end();
  }

 private:
  // As many questions wait as there are rows, so that none stays free. With nothing else to do, waits for
  // images.
  void let_join() {
    while (waiting_ < engine_.rows() && !run_.stopped()) {
      std::optional<LoadedImage> loaded = feed_.take(/*wait=*/in_work_.empty());
      if (!loaded) break;
      if (!loaded->fault.empty()) {
        tell_fault(*loaded);
      } else if (loaded->unchanged) {
        run_.output.keep_unchanged(loaded->listed);
        if (loaded->listed.old_failed) ++run_.progress.still_failed;
        if (!loaded->listed.old_failed) ++run_.progress.done_before;
      } else {
        ask(std::move(*loaded));
      }
    }
  }

  void ask(LoadedImage loaded) {
    const auto asked = std::make_shared<Asked>();
    const PromptImage image = std::make_shared<const std::vector<float>>(std::move(loaded.pixels));
    loaded.pixels = {};
    asked->loaded = std::move(loaded);
    asked->left = run_.questions.size();
    asked->answers.resize(asked->left);
    in_work_.insert(asked);
    for (size_t i = 0; i < run_.questions.size(); ++i) {
      AnswerRequest request = run_.questions[i];
      request.images = {image};
      ++waiting_;
      const auto begin = [this, begun = false, asked]() mutable {
        if (!std::exchange(begun, true)) --waiting_;
        asked->begun = true;
      };
      const auto once = std::make_shared<std::function<void()>>(begin);
      asked->requests.push_back(engine_.submit(
          std::move(request), {.on_progress = [once](const char*, int64_t, int64_t) { (*once)(); },
                               .on_done =
                                   [this, once, asked, i](Answer& answer) {
                                     (*once)();
                                     asked->answers[i] = std::move(answer);
                                     end_one(asked);
                                   },
                               .on_error =
                                   [this, once, asked](const std::exception_ptr& error) {
                                     (*once)();
                                     if (!asked->dismissed) note_fault(*asked, error);
                                     end_one(asked);
                                   }}));
    }
  }

  // What a model makes of one image may not be finite, and be it of the next. Other faults end the run.
  void note_fault(Asked& asked, const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const NotFinite& found) {
      asked.loaded.fault = fmt::format("{}: {}", asked.loaded.listed.key, found.what());
      asked.loaded.fault_transient = true;  // it is the weights that are at fault
    } catch (...) {
      fault_ = error;
    }
  }

  void end_one(const std::shared_ptr<Asked>& asked) {
    if (--asked->left > 0) return;
    in_work_.erase(asked);
    if (!asked->dismissed) done_.push_back(asked);
  }

  // Sends away the images whose answers have not begun.
  void cancel_pending() {
    for (const std::shared_ptr<Asked>& asked : in_work_) {
      if (asked->begun || asked->dismissed) continue;
      asked->dismissed = true;
      for (const RequestId id : asked->requests) engine_.cancel(id);
    }
  }

  void tell_fault(const LoadedImage& loaded) {
    run_.console.error(loaded.fault);
    ++run_.progress.failed;
    if (loaded.fault_transient) ++run_.progress.transient;
    // A file that cannot be read now says nothing against the caption it has: a disk may be away for a while.
    const bool read = !loaded.sha256.empty();
    if (read || !loaded.listed.has_caption) run_.output.write_error(loaded);
  }

  void write(const Asked& done) {
    if (!done.loaded.fault.empty()) return tell_fault(done.loaded);
    if (!done.loaded.warning.empty()) run_.console.detail(done.loaded.warning);
    run_.output.write(done.loaded, done.answers);
    ++run_.progress.finished;
  }

  const CaptionRun& run_;
  ImageFeed feed_;
  int waiting_ = 0;  // questions that have not begun
  std::set<std::shared_ptr<Asked>> in_work_;
  std::vector<std::shared_ptr<Asked>> done_;
  std::exception_ptr fault_;
  Engine engine_;  // last: where it ends with requests under way, it tells them so by all of the above
};

}  // namespace

void run_captions(const CaptionRun& run) { Answering(run).run(); }

}  // namespace janus::cli
