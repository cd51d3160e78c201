#include "cli/serve/answer_run.h"

#include <fmt/format.h>

#include <atomic>
#include <string_view>
#include <utility>

#include "cli/serve/replies.h"
#include "cli/serve/submitted.h"
#include "generator/engine/engine_model.h"
#include "generator/engine/enough.h"
#include "generator/model.h"
#include "generator/stop_strings.h"

namespace janus::cli {
namespace {

constexpr const char* kTooLong = "context_length_exceeded";

class AnswerRun : public std::enable_shared_from_this<AnswerRun> {
 public:
  AnswerRun(std::shared_ptr<ServedModel> model, const AnswerJob& job, AnswerEvents events)
      : submitted_(std::move(model)),
        events_(std::move(events)),
        results_(static_cast<size_t>(job.choices)),
        left_(job.choices),
        logprobs_(job.request.logprobs) {
    for (int k = 0; k < job.choices; ++k) choices_.emplace_back(job.stops);
  }

  void start(const AnswerJob& job) {
    for (int k = 0; k < job.choices; ++k) {
      AnswerRequest request = job.request;
      request.sampling.seed += static_cast<uint32_t>(k);
      try {
        submitted_.submit(std::move(request), sink_of(k));
      } catch (...) {
        return fail(api_error_of(std::current_exception(), 400));
      }
    }
  }

  void cancel() { submitted_.cancel(); }

 private:
  struct Choice {
    explicit Choice(const std::vector<std::string>& strings) : stops(strings) {}
    StopStrings stops;
    std::vector<SampledToken> waiting;  // tokens whose text is not shown yet
    int32_t last = -1;                  // the token before those
  };

  AnswerSink sink_of(int k) {
    const auto self = shared_from_this();
    return {
        .on_token = [self, k](const SampledToken& token) { self->take(k, token); },
        .on_text =
            [self, k](std::string_view piece) {
              Choice& choice = self->choice(k);
              self->show(k, choice.stops.push(piece), /*last=*/false);
              if (choice.stops.hit()) throw Enough();
            },
        .on_progress =
            [self, k](const char* phase, int64_t done, int64_t) {
              if (!self->events_.on_place || phase != std::string_view(kWaiting)) return;
              self->events_.on_place(k, static_cast<int>(done));
            },
        .on_done =
            [self, k](Answer& answer) {
              Choice& choice = self->choice(k);
              if (choice.stops.hit()) choice.waiting.clear();  // tokens of the stop string
              self->show(k, choice.stops.finish(), /*last=*/true);
              self->result(k).finish_reason = answer.finish_reason;
              self->result(k).timings = answer.timings;
              self->end(k);
            },
        .on_error = [self](const std::exception_ptr& error) { self->fail(api_error_of(error)); },
    };
  }

  // Each choice is used by the engine's thread alone.
  Choice& choice(int k) { return choices_[static_cast<size_t>(k)]; }
  AnswerResult& result(int k) { return results_[static_cast<size_t>(k)]; }

  void take(int k, const SampledToken& token) {
    ++result(k).tokens;
    if (logprobs_) choice(k).waiting.push_back(token);
  }

  // What stands behind the last text is told with it, so that no token is left out.
  void show(int k, const std::string& text, bool last) {
    Choice& choice = this->choice(k);
    if (text.empty() && (!last || choice.waiting.empty())) return;
    AnswerResult& result = this->result(k);
    result.text += text;
    if (events_.on_text) events_.on_text({k, text, choice.waiting, choice.last});
    if (!choice.waiting.empty()) choice.last = choice.waiting.back().id;
    std::move(choice.waiting.begin(), choice.waiting.end(), std::back_inserter(result.logprobs));
    choice.waiting.clear();
  }

  void end(int k) {
    if (events_.on_choice) events_.on_choice(k, result(k));
    if (--left_ == 0 && !failed_ && events_.on_done) events_.on_done(results_);
  }

  void fail(const ApiError& error) {
    if (failed_.exchange(true)) return;
    cancel();
    if (events_.on_error) events_.on_error(error);
  }

  Submitted submitted_;
  const AnswerEvents events_;
  std::vector<Choice> choices_;
  std::vector<AnswerResult> results_;
  int left_;  // choices that have not ended
  const bool logprobs_;
  std::atomic<bool> failed_ = false;
};

}  // namespace

void check_text_length(size_t bytes, const Model& model, const std::string& param) {
  // No vocabulary has tokens that are so long on average.
  constexpr int64_t kLongestToken_bytes = 256;
  const int64_t most = kLongestToken_bytes * model.info().context_length;
  if (static_cast<int64_t>(bytes) <= most) return;
  throw ApiError(
      400,
      fmt::format("{}: expected a text that fits the model's context of {} tokens, found {} bytes; "
                  "shorten it",
                  param, model.info().context_length, bytes),
      kTooLong, param);
}

int64_t make_prompt(AnswerRequest& request, const Model& model, const std::string& param) {
  size_t bytes = 0;
  for (const ChatTurn& turn : request.turns) {
    bytes += turn.system.size() + turn.question.size() + turn.answer.size();
  }
  check_text_length(bytes, model, param);
  request.prompt_ids = model.engine_model().answer_prompt(
      request.turns, static_cast<int>(request.images.size()), request.special_tokens);
  const auto tokens = static_cast<int64_t>(request.prompt_ids.size());
  const int64_t context = model.info().context_length;
  if (tokens >= context) {
    throw ApiError(
        400,
        fmt::format("{}: expected fewer than the {} tokens of the model's context with all images, "
                    "found {}; shorten the conversation or send fewer images",
                    param, context, tokens),
        kTooLong, param);
  }
  return tokens;
}

void start_answers(const std::shared_ptr<ServedModel>& model, const std::shared_ptr<Exchange>& exchange,
                   const AnswerJob& job, AnswerEvents events) {
  const auto run = std::make_shared<AnswerRun>(model, job, std::move(events));
  run->start(job);
  exchange->when_gone([weak = std::weak_ptr(run)] {
    if (const auto there = weak.lock()) there->cancel();
  });
}

}  // namespace janus::cli
