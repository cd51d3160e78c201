#include "python/src/model.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/tensor/device.h"
#include "generator/engine/engine_model.h"
#include "python/src/errors.h"
#include "python/src/progress.h"
#include "python/src/typed.h"
#include "python/src/unlocked.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

OpenModel open(const LoadSettings& settings, nb::object progress) {
  const Progress tell = progress_to(std::move(progress));
  const Unlocked unlocked;
  return {run_model(settings, tell), std::make_shared<Bell>()};
}

DictByName info_of(const OpenModel& model) {
  const std::shared_ptr<RunningModel> running = model.running();
  const Model& loaded = running->model();
  const ModelInfo& info = loaded.info();
  const ImageDefaults defaults = loaded.engine_model().image_defaults();
  DictByName facts;
  facts["family"] = info.family;
  facts["layout"] = info.layout;
  facts["fingerprint"] = running->fingerprint();
  facts["device"] = loaded.device().name();
  facts["device_description"] = loaded.device().description();
  facts["image_size"] = info.image_size;
  facts["image_tokens"] = info.image_tokens;
  facts["codes_height"] = info.codes_height;
  facts["codes_width"] = info.codes_width;
  facts["codebook_size"] = info.codebook_size;
  facts["latent_channels"] = info.latent_channels;
  facts["latent_side"] = info.latent_side;
  facts["context_length"] = info.context_length;
  facts["hidden_size"] = info.hidden_size;
  facts["layers"] = info.layers;
  facts["vocab_size"] = info.vocab_size;
  facts["cfg_scale"] = defaults.guidance;
  facts["steps"] = defaults.steps;
  facts["batch_size"] = running->rows();
  return facts;
}

nb::typed<nb::dict, nb::str, int> status_of(const OpenModel& model) {
  const Engine::Load load = model.running()->load();
  nb::typed<nb::dict, nb::str, int> status;
  status["running"] = load.running;
  status["waiting"] = load.waiting;
  status["tokens_sampled"] = load.tokens_sampled;
  return status;
}

void bind_settings(nb::module_& module) {
  nb::class_<LoadSettings>(module, "LoadSettings", "What a model is opened with.")
      .def(nb::init<>())
      .def_rw("path", &LoadSettings::path)
      .def_rw("type", &LoadSettings::type)
      .def_rw("device", &LoadSettings::device)
      .def_rw("threads", &LoadSettings::threads)
      .def_rw("batch_size", &LoadSettings::batch_size)
      .def_rw("verify", &LoadSettings::verify)
      .def_prop_rw(
          "vae", [](const LoadSettings& settings) { return settings.vae.chosen; },
          [](LoadSettings& settings, std::string path) { settings.vae.chosen = std::move(path); })
      .def_prop_rw(
          "cached_vae", [](const LoadSettings& settings) { return settings.vae.cached; },
          [](LoadSettings& settings, std::string path) { settings.vae.cached = std::move(path); })
      .def_prop_rw(
          "vae_advice", [](const LoadSettings& settings) { return settings.vae.advice; },
          [](LoadSettings& settings, std::string advice) { settings.vae.advice = std::move(advice); });
}

}  // namespace

std::shared_ptr<RunningModel> OpenModel::running() const {
  if (running_ == nullptr) {
    throw ModelError("model: expected an open one, found it closed; load it again");
  }
  if (!running_->is_of_this_process()) {
    throw ModelError(
        "model: expected the process that loaded it, found a fork, in which its threads are missing; load "
        "it in each process, and start these with multiprocessing.get_context(\"spawn\")");
  }
  return running_;
}

void OpenModel::close() {
  leave_where_python_ends();  // before anything is taken apart
  if (running_ == nullptr || !running_->is_of_this_process()) return;
  const std::shared_ptr<RunningModel> running = std::move(running_);
  running_ = nullptr;
  const Unlocked unlocked;
  running->stop();
  bell_->close();
}

BoundModel bind_model(nb::module_& module) {
  bind_settings(module);
  module.def("weight_types", &weight_type_names, "What weights may be loaded as.");
  module.def(
      "draws_latents",
      [](const std::string& path) {
        const Unlocked unlocked;
        return as<ModelError>([&] { return draws_latents(Checkpoint::open(path).config()); });
      },
      nb::arg("path"), "Whether the model at a path draws with an autoencoder. Raises ModelError.");
  module.attr("DEFAULT_QUESTION") = DescribeOptions{}.prompt;
  BoundModel model(module, "Model", "A loaded model and the thread that runs it.");
  model.def_static("open", &open, nb::arg("settings"), nb::arg("progress").none(),
                   "Loads a model; progress(phase, done, total) is told how far it is. Raises ModelError.");
  model.def("info", &info_of, "Facts of the model, by name.");
  model.def(
      "notices", [](const OpenModel& open_model) { return open_model.running()->notices(); },
      "What was odd about the model's files, and its device.");
  model.def("status", &status_of, "What is under way, and all that was sampled.");
  model.def("close", &OpenModel::close, "Ends what is under way with an error, and lets go of the memory.");
  model.def_prop_ro("is_open", &OpenModel::is_open);
  model.def(
      "wait_for_rings",
      [](const OpenModel& open_model) {
        const std::shared_ptr<Bell> bell = open_model.bell();
        const Unlocked unlocked;
        return bell->wait();
      },
      "Waits for news of a request that was given a key, and returns the key; None once it is closed.");
  return model;
}

}  // namespace janus::python
