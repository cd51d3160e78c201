// The models of the command line, loaded when they are asked for and let go of when they are not.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/io/console.h"
#include "cli/serve/host/model_names.h"
#include "cli/serve/host/served_engine.h"

namespace janus::cli {

struct HostSettings {
  CommonOptions common = {};            // of every model but `model`
  std::vector<ModelNames> models = {};  // at least one
  int64_t rows = 0;                     // as EngineOptions, and the next
  int answer_window = kAutoWindow, image_window = kAutoWindow;
  int64_t queue = 64;        // as ServedEngineSettings
  int64_t most_loaded = 0;   // at the same time; 0: as many as memory holds
  int64_t keep_alive_s = 0;  // a model that is not asked so long is unloaded; 0: none is
};

// Loads the first model at once, in the background: ask() refuses with 503 until it is there. A thread of its
// own loads and unloads.
class LoadingHost : public ModelHost {
 public:
  // Reads what the files say of each model. Throws Error where one of them is no model.
  LoadingHost(HostSettings settings, Metrics& metrics, Console& console);
  // As stop(). Models that are still held by requests stay until these let go of them.
  ~LoadingHost() override;
  LoadingHost(const LoadingHost&) = delete;
  LoadingHost& operator=(const LoadingHost&) = delete;

  std::vector<ModelSummary> summaries() const override;
  std::optional<ApiError> unready() const override;
  void ask(const std::string& name, std::function<void(std::shared_ptr<ServedModel>)> ready,
           std::function<void(const ApiError&)> failed) override;

  // Whether the first model has been loaded, and why it could not be; empty: it could, or is still loading.
  bool started() const;
  std::string start_fault() const;
  // Ends all that is under way with an error; nothing is taken any more.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  // A model in memory, until nobody holds it.
  struct Loaded {
    std::shared_ptr<ServedEngine> engine;
    int64_t holders = 0;
    Clock::time_point used = Clock::now();
  };
  struct Pending {
    std::function<void(std::shared_ptr<ServedModel>)> ready;
    std::function<void(const ApiError&)> failed;
    Clock::time_point since = Clock::now();
  };
  struct Entry {
    ModelSummary summary;
    std::shared_ptr<Loaded> loaded;
    std::deque<Pending> pending;
  };
  // What holders of models share with the host.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
  };
  using Lock = std::unique_lock<std::mutex>;

  static bool idle(const Loaded& one) { return one.holders == 0 && one.engine->under_way() == 0; }
  // In seconds since 1970, as ModelSummary::unloads.
  int64_t unloads(const Loaded& one) const;
  std::shared_ptr<ServedModel> hold(const std::shared_ptr<Loaded>& loaded) const;

  void run();
  // Does one thing that is due; false where there is nothing to do but wait.
  bool work(Lock& lock);
  bool drop_retired(Lock& lock);
  void retire_broken();
  bool retire_unused();
  bool serve_pending(Lock& lock);
  bool make_room();
  void load(Entry& entry, Lock& lock);
  std::shared_ptr<Loaded> open(const Entry& entry);
  void refuse(Entry& entry, const ApiError& error, Lock& lock);
  std::optional<Clock::time_point> next_look() const;
  int64_t count_loaded() const;
  int64_t cache_tokens(const Model& model, int rows) const;
  void write_gauges(MetricsText& text) const;

  const HostSettings settings_;
  Metrics& metrics_;
  Console& console_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();  // guards all below
  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<Loaded>> retired_;
  Entry* wants_room_ = nullptr;  // cannot be loaded before another model goes
  bool started_ = false, stopped_ = false;
  std::string start_fault_;
  std::atomic<int64_t> load_done_ = 0, load_total_ = 0;
  std::thread thread_;
};

// What the files of a model say of it.
ModelSummary summarize(const ModelNames& names, const CommonOptions& common, Console& console);

}  // namespace janus::cli
