#include "cli/serve/host/served_engine.h"

#include <fmt/format.h>

#include <chrono>

#include "core/base/machine_fault.h"
#include "core/base/mapped_file.h"
#include "core/base/start_thread.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {

using Clock = std::chrono::steady_clock;

// One request's place, from its submission to its end, and what is counted of it.
class ServedEngine::Ticket {
 public:
  Ticket(ServedEngine& engine, const char* kind, int64_t rows, int64_t images)
      : engine_(engine), rows_(rows) {
    done_.model = engine.summary_.name;
    done_.kind = kind;
    done_.prompt_images = images;
  }
  ~Ticket() { end("failed"); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  // Its turn has come.
  void start() {
    if (!std::exchange(started_, true)) engine_.busy_rows_ += rows_;
  }
  void note_first() {
    if (done_.first_seconds < 0) done_.first_seconds = seconds();
  }
  void note_result(int64_t sampled, double rate) {
    done_.sampled = sampled;
    done_.sampled_per_second = rate;
  }
  void end(const char* outcome) {
    if (std::exchange(ended_, true)) return;
    done_.outcome = outcome;
    done_.seconds = seconds();
    engine_.metrics_.count(done_);
    if (started_) engine_.busy_rows_ -= rows_;
    if (--engine_.under_way_ == 0 && engine_.settings_.on_idle) engine_.settings_.on_idle();
  }

 private:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

  ServedEngine& engine_;
  const int64_t rows_;
  const Clock::time_point began_ = Clock::now();
  Metrics::Generation done_;
  bool started_ = false, ended_ = false;
};

namespace {

// What a sink is given for a request that the engine could not run.
std::exception_ptr told(const std::exception_ptr& error, bool broken) {
  if (!broken) return error;
  return std::make_exception_ptr(retry_later(
      503, /*after_s=*/1, "engine: expected it to go on, found that it failed; ask again", "engine_failed"));
}

const char* outcome_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return "cancelled";
  } catch (...) {
    return "failed";
  }
}

// Tokens or codes that were sampled, and how many a second.
struct Sampled {
  int64_t count = 0;
  double per_second = 0;
};
Sampled sampled(const Answer& answer) {
  return {static_cast<int64_t>(answer.ids.size()), answer.timings.tokens_per_second};
}
Sampled sampled(const GeneratedImage& image) {
  return {static_cast<int64_t>(image.codes.codes.size()), image.timings.tokens_per_second};
}
Sampled sampled(const std::vector<Score>& /*scores*/) { return {}; }

}  // namespace

ServedEngine::ServedEngine(ModelSummary summary, ChosenModel chosen, ServedEngineSettings settings,
                           Metrics& metrics)
    : summary_(std::move(summary)),
      chosen_(std::move(chosen)),
      settings_(std::move(settings)),
      metrics_(metrics),
      engine_(*chosen_.model, settings_.engine) {
  thread_ = start_thread([this] { run(); });
}

ServedEngine::~ServedEngine() { stop(); }

void ServedEngine::stop() {
  std::call_once(stopped_, [this] {
    engine_.stop();
    thread_.join();
  });
}

void ServedEngine::run() {
  try {
    engine_.run();
  } catch (const std::exception&) {
    // A failure of one request ends that one alone; this is the device's, or want of memory. The step after a
    // stop ends all requests.
    broken_ = true;
    engine_.stop();
    engine_.step();
  }
}

std::shared_ptr<ServedEngine::Ticket> ServedEngine::admit(const char* kind, int64_t rows, int64_t images) {
  const int64_t most = engine_.rows() + settings_.queue;
  if (under_way_.fetch_add(1) < most) return std::make_shared<Ticket>(*this, kind, rows, images);
  --under_way_;
  metrics_.count({.model = summary_.name, .kind = kind, .outcome = "refused"});
  throw retry_later(429, /*after_s=*/2,
                    fmt::format("queue: expected at most {} requests of {} under way, found {}; ask again",
                                most, summary_.name, most),
                    "queue_full");
}

template <typename Request, typename Sink>
RequestId ServedEngine::put(Request request, Sink sink, const std::shared_ptr<Ticket>& ticket) {
  // Where a request ends without a turn, it leaves the line with its error.
  const uint64_t place = line_.join([tell = sink.on_progress](int now) {
    if (tell) tell(kWaiting, now, 0);
  });
  sink.on_done = [ticket, tell = std::move(sink.on_done)](auto& result) {
    // What a model gave that was written to meanwhile is nobody's answer: the engine tells the request so,
    // and the server ends.
    check_mapped_files();
    // First, so that whoever is told finds the place in the queue free.
    const Sampled made = sampled(result);
    ticket->note_result(made.count, made.per_second);
    ticket->end("ok");
    if (tell) tell(result);
  };
  sink.on_error = [this, place, ticket, tell = std::move(sink.on_error)](const std::exception_ptr& error) {
    line_.leave(place, /*for_its_turn=*/false);
    ticket->end(outcome_of(error));
    if (tell) tell(told(error, broken_));
  };
  sink.on_progress = [this, place, ticket, tell = std::move(sink.on_progress)](const char* phase,
                                                                               int64_t done, int64_t total) {
    line_.leave(place, /*for_its_turn=*/true);
    ticket->start();
    const std::string_view now = phase;
    if (done > 0 && (now == "writing" || now == "drawing")) ticket->note_first();
    if (tell) tell(phase, done, total);
  };
  try {
    return engine_.submit(std::move(request), std::move(sink));
  } catch (...) {
    line_.leave(place, /*for_its_turn=*/false);
    rethrow_refusal();
  }
}

// Rethrows what the engine has thrown as what a client is told.
void ServedEngine::rethrow_refusal() const {
  try {
    throw;
  } catch (const ApiError&) {
    throw;
  } catch (const MachineFault&) {
    throw;
  } catch (const Error& error) {
    if (broken_) std::rethrow_exception(told(nullptr, true));
    throw ApiError(400, error.what());
  }
}

RequestId ServedEngine::submit(AnswerRequest request, AnswerSink sink) {
  const auto ticket = admit("answer", 1, static_cast<int64_t>(request.images.size()));
  return put(std::move(request), std::move(sink), ticket);
}

RequestId ServedEngine::submit(ImageRequest request, ImageSink sink) {
  const ImageDefaults defaults = model().engine_model().image_defaults();
  // Another row for what guidance leads away from.
  const int64_t rows = request.guidance.value_or(defaults.guidance) == 1.0F ? 1 : 2;
  return put(std::move(request), std::move(sink), admit("image", rows, 0));
}

RequestId ServedEngine::submit(ScoreRequest request, ScoreSink sink) {
  ++under_way_;
  return put(std::move(request), std::move(sink), std::make_shared<Ticket>(*this, "score", 1, 0));
}

void ServedEngine::call(std::function<void(const Model&)> work) {
  engine_.call([this, work = std::move(work)] {
    try {
      work(model());
    } catch (const std::exception&) {
      // An exchange that it held answers 500.
    }
  });
}

}  // namespace janus::cli
