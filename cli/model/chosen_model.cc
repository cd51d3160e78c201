#include "cli/model/chosen_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "cli/hub/cache.h"
#include "cli/model/builtin_model.h"
#include "cli/model/chosen_device.h"
#include "core/base/error.h"
#include "core/checkpoint/finite_tensors.h"
#include "core/tensor/device.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// A snapshot that holds a .gguf and no folder's config.json stands for that file.
std::string model_in(const std::string& snapshot) {
  std::error_code fault;
  if (fs::exists(fs::path(snapshot) / "config.json", fault)) return snapshot;
  std::vector<std::string> single;
  for (const auto& entry : fs::directory_iterator(snapshot, fault)) {
    if (entry.path().extension() == ".gguf") single.push_back(entry.path().string());
  }
  return single.size() == 1 ? single.front() : snapshot;
}

std::string cached_model(const hub::Repository& repository) {
  const hub::Cache cache = hub::Cache::from_environment();
  const hub::CachedModel found = cache.find(repository);
  if (!found.path.empty()) return model_in(found.path);
  const std::string there = found.revisions.empty()
                                ? "neither"
                                : fmt::format("revision {} there", fmt::join(found.revisions, ", "));
  fail(
      "model {0}: expected a path of that name or this model in the hub cache {1}, found {2}; get it with: "
      "janus pull "
      "{0} (or by hand: hf download {3} --revision {4})",
      repository.to_string(), cache.root(), there, repository.id(), repository.revision);
}

}  // namespace

std::string model_path(const std::string& model) {
  std::error_code fault, ignored;
  if (fs::exists(model, fault)) return model;
  check(!fs::is_symlink(model, ignored),
        "model, {}: expected a model folder, found a link to {}, which is not there; correct or remove the "
        "link",
        model, fs::read_symlink(model, ignored).string());
  check(fault != std::errc::permission_denied,
        "model, {}: expected a model folder, found a path that cannot be followed: {}; make its folders "
        "readable",
        model, fault.message());
  if (const std::optional<hub::Repository> repository = hub::parse_repository(model))
    return cached_model(*repository);
  fail(
      "model, {}: expected a model folder, or owner/repo of the hub cache, found nothing there; get one "
      "with: {} (or by "
      "hand: hf download deepseek-community/Janus-Pro-1B --local-dir Janus-Pro-1B, then -m Janus-Pro-1B)",
      model, kGetModel);
}

FileSet model_files(const std::string& model) {
  if (model.empty()) return builtin_model();
  const std::string path = model_path(model);
  return open_model_files(path);
}

void tell_notes(const Checkpoint& checkpoint, Console& console) {
  for (const std::string& note : checkpoint.take_notes()) console.notice(note);
}

Checkpoint open_checkpoint(const CommonOptions& options, Console& console) {
  return open_checkpoint(model_files(options.model), options, console);
}

Checkpoint open_checkpoint(FileSet files, const CommonOptions& options, Console& console) {
  check_family(files);
  Checkpoint checkpoint = Checkpoint::open(std::move(files), {.verify = options.verify});
  tell_notes(checkpoint, console);
  if (options.verify) {
    const auto& tensors = checkpoint.tensors();
    const bool verified = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
      return tensor.second.file.ends_with(".bin");
    });
    check_finite_tensors(checkpoint);
    console.notice(verified
                       ? "the weights have their checksums, and all are finite numbers"
                       : "--verify: all weights are finite numbers; this model's files carry no checksums");
  }
  return checkpoint;
}

ChosenModel open_chosen_model(const CommonOptions& options, const Work& work, Console& console,
                              const Progress& progress, const std::string& limits) {
  ChosenModel chosen;
  chosen.builtin = options.model.empty();
  chosen.name = chosen.builtin ? kBuiltinName : options.model;
  if (chosen.builtin) {
    console.notice(fmt::format("no -m given: using the built-in {}{}", kBuiltinName, limits));
  }
  auto start = std::chrono::steady_clock::now();
  Checkpoint checkpoint = open_checkpoint(options, console);
  ModelOptions model_options{.type = weight_type_from_name(options.type), .progress = progress};
  const auto [device, at_once] =
      choose_device(options, {checkpoint, chosen.name, options.device, model_options, work}, console);
  chosen.images_at_once = at_once;
  chosen.model = open_model(checkpoint, device, model_options);
  tell_notes(checkpoint, console);
  chosen.load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  const ModelInfo& info = chosen.model->info();
  console.detail(fmt::format("model {}: {} in the {} layout, {} layers of width {}, pictures of {} x {}",
                             chosen.name, info.family, info.layout, info.layers, info.hidden_size,
                             info.image_size, info.image_size));
  console.detail(fmt::format("device {}: {}", device->name(), device->description()));
  console.detail(fmt::format("loaded in {:.0f} ms", chosen.load_ms));
  return chosen;
}

}  // namespace janus::cli
