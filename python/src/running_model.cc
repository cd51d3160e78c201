#include "python/src/running_model.h"

#include <unistd.h>

#include "core/base/start_thread.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/finite_tensors.h"
#include "core/tensor/device.h"
#include "generator/builtin_model.h"
#include "generator/model_fingerprint.h"

namespace janus::python {

RunningModel::RunningModel(const LoadSettings& settings, const Progress& progress) : process_(getpid()) {
  as<ModelError>([&] {
    FileSet files = settings.path.empty() ? builtin_model() : open_model_files(settings.path);
    check_family(files);
    const Checkpoint checkpoint = Checkpoint::open(std::move(files), {.verify = settings.verify});
    if (settings.verify) check_finite_tensors(checkpoint);
    fingerprint_ = model_fingerprint(checkpoint);
    const std::shared_ptr<Device> device = open_device(settings.device, {.threads = settings.threads});
    model_ =
        open_model(checkpoint, device,
                   {.type = weight_type_from_name(settings.type), .progress = progress, .vae = settings.vae});
    engine_ = std::make_unique<Engine>(*model_, EngineOptions{.rows = settings.batch_size});
  });
  thread_ = start_thread([this] { run(); });
}

RunningModel::~RunningModel() { stop(); }

void RunningModel::run() {
  try {
    engine_->run();
  } catch (const std::exception&) {
    // A failure of one request ends that one alone; this is the device's, or want of memory. The step after a
    // stop ends all requests.
    broken_ = true;
    engine_->stop();
    engine_->step();
  }
}

void RunningModel::stop() {
  if (!thread_.joinable()) return;
  engine_->stop();
  thread_.join();
}

bool RunningModel::is_of_this_process() const { return getpid() == process_; }

std::shared_ptr<RunningModel> run_model(const LoadSettings& settings, const Progress& progress) {
  return {new RunningModel(settings, progress), [](RunningModel* model) {
            if (model->is_of_this_process()) delete model;
          }};
}

}  // namespace janus::python
