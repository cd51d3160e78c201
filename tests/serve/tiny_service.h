// The handlers of the server on janus-tiny, without a network.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cli/io/json_output.h"
#include "cli/serve/metrics.h"
#include "cli/serve/replies.h"
#include "cli/serve/serve_limits.h"
#include "cli/serve/service.h"
#include "generator/builtin_model.h"
#include "tests/serve/recording_exchange.h"

// janus-tiny's tokenizer is SentencePiece's.
#define JANUS_NEEDS_TINY() \
  if (JANUS_WITH_SENTENCEPIECE == 0) GTEST_SKIP() << "janus-tiny's tokenizer needs SentencePiece"

namespace janus::cli {

// janus-tiny, or another small model under its name, with an engine on a thread of its own.
class TinyModel : public ServedModel {
 public:
  TinyModel() : TinyModel(open_builtin_model(open_device("cpu", {.threads = 1}))) {}
  explicit TinyModel(std::unique_ptr<Model> model) : model_(std::move(model)), engine_(*model_) {
    summary_ = {.name = "janus-tiny",
                .created = 1'700'000'000,
                .bytes = 17'000'000,
                .parameters = 8'705'675,
                .context_length = model_->info().context_length,
                .family = "janus",
                .type = "bf16",
                .device = "cpu",
                .fingerprint = "a fingerprint",
                .loaded = true,
                .rows = 8};
    thread_ = std::thread([this] { engine_.run(); });
  }
  ~TinyModel() override {
    engine_.stop();
    thread_.join();
  }

  const ModelSummary& summary() const override { return summary_; }
  const Model& model() const override { return *model_; }
  KnownImages& known_images() override { return known_images_; }
  RequestId submit(AnswerRequest request, AnswerSink sink) override {
    return as_asked([&] { return engine_.submit(std::move(request), std::move(sink)); });
  }
  RequestId submit(ImageRequest request, ImageSink sink) override {
    return as_asked([&] { return engine_.submit(std::move(request), std::move(sink)); });
  }
  RequestId submit(ScoreRequest request, ScoreSink sink) override {
    return engine_.submit(std::move(request), std::move(sink));
  }
  void cancel(RequestId id) override { engine_.cancel(id); }
  void call(std::function<void(const Model&)> work) override {
    engine_.call([this, work = std::move(work)] { work(*model_); });
  }

  Engine::Load load() const { return engine_.load(); }
  int refuse_behind = -1;  // 429 for every request after so many

 private:
  template <typename Submit>
  RequestId as_asked(const Submit& submit) {
    if (refuse_behind == 0) {
      ApiError error(429, "the queue is full");
      error.retry_after_s = 2;
      throw ApiError(error);
    }
    if (refuse_behind > 0) --refuse_behind;
    try {
      return submit();
    } catch (const Error& error) {
      throw ApiError(400, error.what());
    }
  }

  std::unique_ptr<Model> model_;
  Engine engine_;
  ModelSummary summary_;
  KnownImages known_images_;
  std::thread thread_;
};

class TinyHost : public ModelHost {
 public:
  TinyHost() : model(std::make_shared<TinyModel>()) {}
  explicit TinyHost(std::unique_ptr<Model> other) : model(std::make_shared<TinyModel>(std::move(other))) {}
  // The last to let go of the model may be its engine's thread, which cannot end itself.
  ~TinyHost() override {
    while (model.use_count() > 1) std::this_thread::yield();
  }
  std::vector<ModelSummary> summaries() const override { return {model->summary()}; }
  void ask(const std::string& name, std::function<void(std::shared_ptr<ServedModel>)> ready,
           std::function<void(const ApiError&)> failed) override {
    // Without a share in it: a sink that lets go of it last, on the engine's thread, could not end that
    // thread.
    if (name.empty() || name == "janus-tiny" || name == "janus-tiny:latest")
      return ready({std::shared_ptr<void>(), model.get()});
    failed(ApiError(404, "model " + name + ": expected janus-tiny", "model_not_found", "model"));
  }

  const std::shared_ptr<TinyModel> model;
};

// One worker.
class TinyWorkers : public Workers {
 public:
  TinyWorkers() : thread_([this] { run(); }) {}
  ~TinyWorkers() override {
    post({});
    thread_.join();
  }
  void post(std::function<void()> work) override {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    changed_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty(); });
      const std::function<void()> work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      if (!work) return;
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::thread thread_;
};

// The paths that a protocol adds, by method and path.
class RecordingRouter : public Router {
 public:
  void add(const std::string& method, const std::string& path, Handler handler, RouteTraits = {}) override {
    const bool added = handlers.emplace(method + " " + path, std::move(handler)).second;
    EXPECT_TRUE(added) << method << " " << path << " is there twice";
  }
  std::map<std::string, Handler> handlers;
};

class TinyService {
 public:
  TinyService() = default;
  explicit TinyService(std::unique_ptr<Model> model) : host(std::move(model)) {}

  using Exchanged = std::shared_ptr<RecordingExchange>;

  // path: one that was added, with a query where there is one.
  Exchanged start(const std::string& method, const std::string& path, const std::string& body = {}) {
    const size_t end = std::min(path.find('?'), path.size());
    HttpRequest request{.method = method, .path = path.substr(0, end), .body = body};
    if (end < path.size()) {
      const std::string query = path.substr(end + 1);
      const size_t equals = query.find('=');
      request.query.emplace_back(query.substr(0, equals), query.substr(equals + 1));
    }
    auto exchange = std::make_shared<RecordingExchange>(request);
    try {
      router.handlers.at(method + " " + request.path)(exchange);
    } catch (...) {
      exchange->reply(error_reply(request.path, api_error_of(std::current_exception(), 400)));
    }
    return exchange;
  }
  HttpReply ask(const std::string& method, const std::string& path, const std::string& body = {}) {
    return start(method, path, body)->wait();
  }
  // The reply's JSON, whose status has to be this one.
  Json json(int status, const std::string& method, const std::string& path, const std::string& body = {}) {
    const HttpReply reply = ask(method, path, body);
    EXPECT_EQ(reply.status, status) << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }

  TinyHost host;
  ServeLimits limits;
  Metrics metrics;
  RecordingRouter router;
  TinyWorkers workers;  // ends first: its work uses the others
  Service service{host, workers, limits, metrics};
};

}  // namespace janus::cli
