// A loaded model with its engine and the thread that runs it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "cli/model/chosen_model.h"
#include "cli/serve/host/waiting_line.h"
#include "cli/serve/metrics.h"
#include "cli/serve/model_host.h"

namespace janus::cli {

struct ServedEngineSettings {
  EngineOptions engine;
  int64_t queue = 0;                   // requests beyond as many as there are rows
  std::function<void()> on_idle = {};  // called when the last request under way has ended, on any thread
};

class ServedEngine : public ServedModel {
 public:
  ServedEngine(ModelSummary summary, ChosenModel chosen, ServedEngineSettings settings, Metrics& metrics);
  ~ServedEngine() override;
  ServedEngine(const ServedEngine&) = delete;
  ServedEngine& operator=(const ServedEngine&) = delete;

  const ModelSummary& summary() const override { return summary_; }
  const Model& model() const override { return *chosen_.model; }
  KnownImages& known_images() override { return known_images_; }
  RequestId submit(AnswerRequest request, AnswerSink sink) override;
  RequestId submit(ImageRequest request, ImageSink sink) override;
  RequestId submit(ScoreRequest request, ScoreSink sink) override;
  void cancel(RequestId id) override { engine_.cancel(id); }
  void call(std::function<void(const Model&)> work) override;

  // Ends what is under way with an error, and the thread. Must not be called by a sink.
  void stop();
  // Whether the engine has come to an end by itself, which no model should: another has to be loaded.
  bool broken() const { return broken_; }
  int64_t under_way() const { return under_way_; }
  Engine::Load load() const { return engine_.load(); }
  int rows() const { return engine_.rows(); }
  // Those that requests have whose turn has come.
  int64_t busy_rows() const { return busy_rows_; }

 private:
  class Ticket;

  // Takes a place in the queue; throws ApiError where it is full.
  std::shared_ptr<Ticket> admit(const char* kind, int64_t rows, int64_t images);
  template <typename Request, typename Sink>
  RequestId put(Request request, Sink sink, const std::shared_ptr<Ticket>& ticket);
  [[noreturn]] void rethrow_refusal() const;
  void run();

  const ModelSummary summary_;
  ChosenModel chosen_;
  const ServedEngineSettings settings_;
  Metrics& metrics_;
  KnownImages known_images_;
  WaitingLine line_;
  Engine engine_;
  std::atomic<int64_t> under_way_ = 0, busy_rows_ = 0;
  std::atomic<bool> broken_ = false;
  std::once_flag stopped_;
  std::thread thread_;
};

}  // namespace janus::cli
