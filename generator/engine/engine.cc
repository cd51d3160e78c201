#include "generator/engine/engine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/machine_memory.h"
#include "generator/engine/check_request.h"
#include "generator/engine/scheduler.h"
#include "generator/limits.h"
#include "generator/model.h"

namespace janus {
namespace {

// What the Janus models were trained on; their configs name longer contexts.
constexpr int64_t kTrainedContext = 4096;

}  // namespace

int64_t tokens_that_fit(const EngineModel& model) {
  const Device& device = model.language_model().device();
  const auto bytes =
      static_cast<int64_t>(KvCache::bytes(model.language_model().config(), 1, model.cache_dtype()));
  const int64_t own = device.free_bytes();
  const int64_t free = own >= 0 ? own : machine_memory().available_bytes;
  return std::clamp<int64_t>(free / std::max<int64_t>(1, bytes), 0, INT32_MAX);
}

int64_t conversation_tokens(const TransformerConfig& config) {
  return std::min(kTrainedContext, config.max_position_embeddings);
}

int default_rows(const Device& device) { return device.traits().batch_rows; }

Engine::Engine(const Model& model, EngineOptions options) : model_(model), options_(options) {
  check_options(options);
  const EngineModel& parts = model.engine_model();
  if (options_.rows == 0) options_.rows = default_rows(parts.language_model().device());
  if (options_.cache_tokens == 0) options_.cache_tokens = tokens_that_fit(parts);
  scheduler_ = std::make_unique<Scheduler>(parts, options_, [this] { take_inbox(); });
}

Engine::~Engine() {
  stop();
  step();
}

RequestId Engine::put(std::shared_ptr<Sequence> sequence) {
  int64_t tokens = 0;
  for (const PromptRow& row : sequence->rows) {
    tokens += sequence->session ? sequence->session->capacity() : sequence->capacity(row);
  }
  check(tokens <= options_.cache_tokens,
        "request: expected at most {} tokens, whose keys and values the memory holds, found {} in {} rows; "
        "ask for a shorter answer or prompt",
        options_.cache_tokens, tokens, sequence->rows.size());
  const std::lock_guard lock(mutex_);
  check(!stopped_, "engine: expected it to take requests, found it stopped; open another");
  if (Session* session = sequence->session.get()) {
    check(!session->in_use_,
          "session: expected the request before to have ended, found it under way; wait for it");
    session->in_use_ = true;
    sequence->holds_session = true;
    sessions_.push_back(sequence->session);
  }
  sequence->id = next_id_++;
  inbox_.push_back(std::move(sequence));
  came_.notify_all();
  return next_id_ - 1;
}

RequestId Engine::submit(AnswerRequest request, AnswerSink sink) {
  check_request(model_, request);
  return put(make_answer(model_.engine_model(), std::move(request), std::move(sink)));
}

RequestId Engine::submit(ImageRequest request, ImageSink sink) {
  check_request(model_, request);
  return put(make_image(model_.engine_model(), std::move(request), std::move(sink)));
}

RequestId Engine::submit(ScoreRequest request, ScoreSink sink) {
  check_request(model_, request);
  return put(make_score(model_.engine_model(), std::move(request), std::move(sink)));
}

void Engine::cancel(RequestId id) {
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(id);
  came_.notify_all();
}

void Engine::call(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  calls_.push_back(std::move(work));
  came_.notify_all();
}

void Engine::make_calls() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
    if (stopped_) return;
  }
  for (const auto& work : calls) work();
}

std::shared_ptr<Session> Engine::open_session(int64_t capacity) {
  const TransformerConfig& config = model_.engine_model().language_model().config();
  if (capacity == 0) capacity = conversation_tokens(config);
  IntRange{.low = 1, .high = config.max_position_embeddings}.check("session, tokens of the context",
                                                                   capacity);
  return std::make_shared<Session>(capacity);
}

void Session::truncate(int64_t length) {
  check(length >= 0 && length <= length_, "session: expected at most the {} tokens that it holds, found {}",
        length_.load(), length);
  length_ = length;
}

void Engine::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  came_.notify_all();
}

void Engine::take_inbox() {
  std::vector<std::shared_ptr<Sequence>> came;
  std::vector<RequestId> cancelled;
  {
    const std::lock_guard lock(mutex_);
    came.swap(inbox_);
    cancelled.swap(cancelled_);
    if (stopped_) scheduler_->break_off();
  }
  for (std::shared_ptr<Sequence>& sequence : came) scheduler_->add(std::move(sequence));
  for (const RequestId id : cancelled) scheduler_->cancel(id);
}

void Engine::drop_unused_sessions() {
  {
    const std::lock_guard lock(mutex_);
    for (const std::weak_ptr<Session>& weak : std::exchange(sessions_, {})) {
      const std::shared_ptr<Session> session = weak.lock();
      if (session == nullptr) continue;
      if (session->cache_row_ >= 0) {
        session_rows_[session->cache_row_] = weak;
      } else if (session->in_use_) {
        sessions_.push_back(weak);
      }
    }
  }
  for (auto one = session_rows_.begin(); one != session_rows_.end();) {
    if (!one->second.expired()) {
      ++one;
      continue;
    }
    scheduler_->drop_session_row(one->first);
    one = session_rows_.erase(one);
  }
}

bool Engine::step() {
  take_inbox();
  make_calls();
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    stopped = stopped_;
  }
  if (stopped) {
    scheduler_->fail_all(std::make_exception_ptr(Error(
        "request: expected the engine to go on, found it stopped; ask again when it has been opened anew")));
  } else {
    scheduler_->step();
  }
  drop_unused_sessions();
  const std::lock_guard lock(mutex_);
  load_ = {.running = scheduler_->running(),
           .waiting = scheduler_->waiting(),
           .tokens_sampled = scheduler_->tokens_sampled()};
  return !scheduler_->idle();
}

void Engine::run() {
  while (true) {
    if (step()) continue;
    std::unique_lock lock(mutex_);
    came_.wait(lock,
               [this] { return stopped_ || !inbox_.empty() || !cancelled_.empty() || !calls_.empty(); });
    if (stopped_ && inbox_.empty()) return;
  }
}

// Wraps the sink: the caller of this call is told in the end, whoever else was.
template <typename Result, typename Request, typename Sink>
Result Engine::wait_for(Request request, Sink sink) {
  std::optional<Result> result;
  std::exception_ptr error;
  sink.on_done = [&, tell = std::move(sink.on_done)](Result& done) {
    if (tell) tell(done);
    result = std::move(done);
  };
  sink.on_error = [&, tell = std::move(sink.on_error)](const std::exception_ptr& found) {
    error = found;
    if (tell) tell(found);
  };
  submit(std::move(request), std::move(sink));
  while (!result && !error) step();
  if (error) std::rethrow_exception(error);
  return std::move(*result);
}

Answer Engine::answer(AnswerRequest request, AnswerSink sink) {
  return wait_for<Answer>(std::move(request), std::move(sink));
}

GeneratedImage Engine::generate(ImageRequest request, ImageSink sink) {
  return wait_for<GeneratedImage>(std::move(request), std::move(sink));
}

std::vector<Score> Engine::score(ScoreRequest request, ScoreSink sink) {
  return wait_for<std::vector<Score>>(std::move(request), std::move(sink));
}

Engine::Load Engine::load() const {
  const std::lock_guard lock(mutex_);
  Load load = load_;
  load.waiting += static_cast<int>(inbox_.size());
  return load;
}

}  // namespace janus
