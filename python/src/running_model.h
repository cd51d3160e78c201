// A loaded model with its engine and the thread that runs it: what all calls from Python share.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "generator/engine/engine.h"
#include "generator/model.h"
#include "python/src/errors.h"

namespace janus::python {

struct LoadSettings {
  std::string path;  // a folder or a GGUF file; empty: the model inside
  std::string type = "native", device = "auto";
  int threads = 0;     // 0: the processors this process may use
  int batch_size = 0;  // rows of the engine; 0: as many as the device gains from
  bool verify = false;
  VaePlaces vae = {};
};

class RunningModel {
 public:
  // Throws ModelError, also where memory will not hold it; `progress` may throw to end the loading.
  RunningModel(const LoadSettings& settings, const Progress& progress);
  // On the process that made it: another one, a fork, has no such thread and must let it be.
  ~RunningModel();
  RunningModel(const RunningModel&) = delete;
  RunningModel& operator=(const RunningModel&) = delete;

  const Model& model() const { return *model_; }
  const std::string& fingerprint() const { return fingerprint_; }
  // What was odd about the model's files or the choice of the device.
  const std::vector<std::string>& notices() const { return notices_; }
  // Refuses what the engine would: throws RequestError.
  template <typename Request, typename Sink>
  RequestId submit(Request request, Sink sink);
  void cancel(RequestId id) { engine_->cancel(id); }
  // Calls `work` on the engine's thread, where it may use the model. It must not throw. Lets go of it
  // uncalled where the engine ends.
  void call(std::function<void()> work) { engine_->call(std::move(work)); }
  // Ends what is under way with an error, and the thread.
  void stop();
  // Requests that make steps side by side.
  int rows() const { return engine_->rows(); }
  Engine::Load load() const { return engine_->load(); }
  bool is_of_this_process() const;

 private:
  void run();
  std::shared_ptr<Device> fitting_device(const Checkpoint& checkpoint, const LoadSettings& settings,
                                         const ModelOptions& options);

  const pid_t process_;
  std::string fingerprint_;
  std::vector<std::string> notices_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Engine> engine_;
  std::atomic<bool> broken_ = false;  // the engine came to an end by itself
  std::thread thread_;
};

template <typename Request, typename Sink>
RequestId RunningModel::submit(Request request, Sink sink) {
  try {
    return engine_->submit(std::move(request), std::move(sink));
  } catch (const Error& error) {
    if (broken_) throw ModelError("model: expected it to go on, found that it failed; load it again");
    throw RequestError(error.what());
  }
}

// A model that deletes itself on its own process alone.
std::shared_ptr<RunningModel> run_model(const LoadSettings& settings, const Progress& progress);

}  // namespace janus::python
