#include "cli/serve/image_run.h"

#include <atomic>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/serve/ordered_work.h"
#include "cli/serve/replies.h"
#include "cli/serve/submitted.h"

namespace janus::cli {
namespace {

class ImageRun : public std::enable_shared_from_this<ImageRun> {
 public:
  ImageRun(Service& service, std::shared_ptr<ServedModel> model, const ImageJob& job, ImageEvents events)
      : submitted_(std::move(model)),
        events_(std::move(events)),
        work_(std::make_shared<OrderedWork>(service.workers)),
        partial_images_(job.partial_images),
        preview_every_(job.preview_every),
        left_(job.count),
        partials_(static_cast<size_t>(job.count)) {}

  void start(const ImageJob& job) {
    for (int k = 0; k < job.count; ++k) {
      ImageRequest request = job.request;
      request.sampling.seed += static_cast<uint32_t>(k);
      try {
        submitted_.submit(std::move(request), sink_of(k));
      } catch (...) {
        return fail(api_error_of(std::current_exception(), 400));
      }
    }
  }

  // The client is gone: nothing of it is worth more work.
  void leave() {
    ended_ = true;
    submitted_.cancel();
  }

 private:
  template <typename Do, typename... Args>
  void post(Do work, Args... args) {
    work_->post([self = shared_from_this(), work = std::move(work), ... args = std::move(args)] {
      if (self->ended_) return;
      try {
        work(*self, args...);
      } catch (...) {
        self->fail(api_error_of(std::current_exception()));
      }
    });
  }

  ImageSink sink_of(int k) {
    const auto self = shared_from_this();
    ImageSink sink{
        .on_done = [self, k](GeneratedImage& image) { self->take(k, std::move(image)); },
        .on_error =
            [self](const std::exception_ptr& error) {
              self->post([](ImageRun& run, const ApiError& why) { run.fail(why); }, api_error_of(error));
            },
    };
    if (events_.on_place) {
      sink.on_progress = [self, k](const char* phase, int64_t done, int64_t) {
        if (phase == std::string_view(kWaiting)) self->events_.on_place(k, static_cast<int>(done));
      };
    }
    if (events_.on_partial && (partial_images_ > 0 || preview_every_ > 0)) {
      sink.on_line = [self, k](const ImageSoFar& so_far) { self->take_line(k, so_far); };
    }
    return sink;
  }

  // Whether a partial image is due, `partial` of which there are: after a third and two thirds of the lines
  // where there are to be two.
  bool due(const ImageSoFar& so_far, int partial) const {
    if (preview_every_ > 0) return so_far.lines % preview_every_ == 0 && so_far.lines < so_far.all_lines;
    return partial < partial_images_ &&
           so_far.lines * (partial_images_ + 1) >= so_far.all_lines * (partial + 1);
  }

  void take_line(int k, const ImageSoFar& so_far) {
    int& partial = partials_[static_cast<size_t>(k)];
    if (ended_ || !due(so_far, partial)) return;
    // Shared: the work is copied.
    post(
        [k, partial, lines = so_far.lines, all = so_far.all_lines](ImageRun& run, const auto& image) {
          run.events_.on_partial(
              {.image = k, .partial = partial, .lines = lines, .all_lines = all, .so_far = *image});
        },
        std::make_shared<const Image>(so_far.make()));
    ++partial;
  }

  void take(int k, GeneratedImage image) {
    post(
        [k](ImageRun& run, const auto& made) {
          if (run.events_.on_image) run.events_.on_image(k, *made);
          if (--run.left_ > 0) return;
          run.ended_ = true;
          if (run.events_.on_done) run.events_.on_done();
        },
        std::make_shared<const GeneratedImage>(std::move(image)));
  }

  void fail(const ApiError& error) {
    if (ended_.exchange(true)) return;
    submitted_.cancel();
    if (events_.on_error) events_.on_error(error);
  }

  Submitted submitted_;
  const ImageEvents events_;
  const std::shared_ptr<OrderedWork> work_;
  const int partial_images_, preview_every_;
  int left_;                   // images that are not handed over; of the workers
  std::vector<int> partials_;  // partial images of each so far; of the engine's thread
  std::atomic<bool> ended_ = false;
};

}  // namespace

void start_images(Service& service, const std::shared_ptr<ServedModel>& model,
                  const std::shared_ptr<Exchange>& exchange, const ImageJob& job, ImageEvents events) {
  const auto run = std::make_shared<ImageRun>(service, model, job, std::move(events));
  run->start(job);
  exchange->when_gone([weak = std::weak_ptr(run)] {
    if (const auto there = weak.lock()) there->leave();
  });
}

}  // namespace janus::cli
