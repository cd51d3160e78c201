#include "cli/serve/best_of.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "cli/generate/ranking.h"
#include "cli/serve/error_reply.h"

namespace janus::cli {
namespace {

constexpr const char* kRanker = "self-caption";  // the default of the command

class BestOf : public std::enable_shared_from_this<BestOf> {
 public:
  BestOf(Service& service, std::shared_ptr<ServedModel> model, const ImageJob& job, BestOfEvents events)
      : service_(service),
        model_(std::move(model)),
        request_(job.request),
        events_(std::move(events)),
        made_(static_cast<size_t>(job.count)) {}

  ImageEvents image_events() {
    const auto self = shared_from_this();
    ImageEvents events{.on_place = events_.on_place,
                       .on_image = [self](int k, const GeneratedImage& made) { self->look_at(k, made); },
                       .on_error = [self](const ApiError& error) { self->fail(error); }};
    if (events_.on_partial) events.on_partial = events_.on_partial;
    return events;
  }

 private:
  // On a worker: the vision tower's pixels take a while.
  void look_at(int k, const GeneratedImage& made) {
    ScoreRequest question =
        rank_request(kRanker, request_, prompt_image(made.image, model_->model().preprocess_config()));
    {
      const std::lock_guard lock(mutex_);
      made_[static_cast<size_t>(k)] = made;
    }
    const auto self = shared_from_this();
    model_->submit(
        std::move(question),
        {.on_done = [self, k](std::vector<Score>& scores) { self->take(k, rank_of(kRanker, scores)); },
         .on_error = [self](const std::exception_ptr& error) { self->fail(api_error_of(error)); }});
  }

  void take(int k, double score) {
    const std::lock_guard lock(mutex_);
    ranked_.push_back({.image = k, .seed = made_[static_cast<size_t>(k)].seed, .score = score});
    if (ranked_.size() < made_.size()) return;
    service_.workers.post([self = shared_from_this()] { self->finish(); });
  }

  void finish() {
    if (ended_.exchange(true)) return;
    // Of equal ones the first.
    std::ranges::sort(ranked_, {}, &RankedImage::image);
    std::ranges::stable_sort(ranked_, std::greater<>(), &RankedImage::score);
    try {
      events_.on_best(made_[static_cast<size_t>(ranked_.front().image)], ranked_);
    } catch (...) {
      events_.on_error(api_error_of(std::current_exception()));
    }
  }

  void fail(const ApiError& error) {
    if (!ended_.exchange(true)) events_.on_error(error);
  }

  Service& service_;
  const std::shared_ptr<ServedModel> model_;
  const ImageRequest request_;
  const BestOfEvents events_;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;  // guards what follows, until all are ranked
  std::vector<GeneratedImage> made_;
  std::vector<RankedImage> ranked_;
};

}  // namespace

void start_best_of(Service& service, const std::shared_ptr<ServedModel>& model,
                   const std::shared_ptr<Exchange>& exchange, const ImageJob& job, BestOfEvents events) {
  const auto best = std::make_shared<BestOf>(service, model, job, std::move(events));
  start_images(service, model, exchange, job, best->image_events());
}

}  // namespace janus::cli
