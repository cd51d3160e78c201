#include "python/src/running_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include "core/base/start_thread.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/finite_tensors.h"
#include "generator/builtin_model.h"
#include "generator/memory_check.h"
#include "generator/model_fingerprint.h"

namespace janus::python {
namespace {

// As arguments of janus_cpp.load. One of the other changes is never told: the work is the least.
std::string argument_words(MemoryChange change, const std::string& value) {
  return fmt::format("{}=\"{}\"", change == MemoryChange::device ? "device" : "type", value);
}

}  // namespace

RunningModel::RunningModel(const LoadSettings& settings, const Progress& progress) : process_(getpid()) {
  as<ModelError>([&] {
    FileSet files = settings.path.empty() ? builtin_model() : open_model_files(settings.path);
    check_family(files);
    const Checkpoint checkpoint = Checkpoint::open(std::move(files), {.verify = settings.verify});
    if (settings.verify) check_finite_tensors(checkpoint);
    fingerprint_ = model_fingerprint(checkpoint);
    const ModelOptions options{
        .type = weight_type_from_name(settings.type), .progress = progress, .vae = settings.vae};
    model_ = open_model(checkpoint, fitting_device(checkpoint, settings, options), options);
    for (std::string& note : checkpoint.take_notes()) notices_.push_back(std::move(note));
    engine_ = std::make_unique<Engine>(*model_, EngineOptions{.rows = settings.batch_size});
  });
  thread_ = start_thread([this] { run(); });
}

// The least that callers do with a model: one answer about an image, one image.
std::shared_ptr<Device> RunningModel::fitting_device(const Checkpoint& checkpoint,
                                                     const LoadSettings& settings,
                                                     const ModelOptions& options) {
  const Work work{.prompt_images = 1,
                  .new_tokens = DescribeOptions{}.max_tokens,
                  .generated_images = 1,
                  .images_at_once = 1};
  return open_fitting_device({.checkpoint = checkpoint,
                              .model = settings.path.empty() ? "janus-tiny" : settings.path,
                              .device = settings.device,
                              .options = options,
                              .work = work,
                              .words = argument_words},
                             {.threads = settings.threads},
                             {.notice = [&](const std::string& text) { notices_.push_back(text); }})
      .device;
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
