#include "cli/model/chosen_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/model/chosen_device.h"
#include "cli/model/model_path.h"
#include "cli/model/vae_places.h"
#include "core/base/error.h"
#include "core/base/mapped_file.h"
#include "core/checkpoint/finite_tensors.h"
#include "core/tensor/device.h"
#include "generator/builtin_model.h"
#include "generator/model_fingerprint.h"
#include "tokenizer/image/vae.h"
#include "tokenizer/image/vae_files.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus::cli {
namespace {

using std::chrono::steady_clock;

double milliseconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - start).count();
}

}  // namespace

FileSet model_files(const std::string& model, Console& console) {
  if (is_builtin(model)) return builtin_model();
  const std::string path = model_path(model, console);
  return open_model_files(path);
}

void check_model(const std::string& path) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const std::unique_ptr<Model> model =
      open_model(checkpoint, open_device("cpu", {.threads = 1}), {.type = WeightType::native, .plan = true});
  (void)model->tokenizer();  // throws where there is none
}

void check_vae(const std::string& path) {
  const std::shared_ptr<Device> device = open_device("cpu", {.threads = 1});
  Vae::load(open_vae(path), *device, WeightType::native, {.plan = true});
}

void tell_notes(const Checkpoint& checkpoint, Console& console) {
  for (const std::string& note : checkpoint.take_notes()) console.notice(note);
}

Checkpoint open_checkpoint(const CommonOptions& options, Console& console) {
  return open_checkpoint(model_files(options.model, console), options, console);
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

void verify_vae(const Checkpoint& checkpoint, const CommonOptions& options) {
  if (!draws_latents(checkpoint.config())) return;
  const auto found = find_vae(checkpoint, vae_places(options.vae), {.verify = true});
  if (!found) return;
  try {
    check_finite_tensors(found->checkpoint);
  } catch (const Error& error) {
    fail("autoencoder, {}: {}", found->path, error.what());
  }
}

FoundModel find_model(const CommonOptions& options, Console& console) {
  const auto start = steady_clock::now();
  FoundModel found{.name = name_of_model(options.model),
                   .fingerprint = {},
                   .open_ms = 0,
                   .checkpoint = open_checkpoint(options, console)};
  found.fingerprint = model_fingerprint(found.checkpoint);
  found.open_ms = milliseconds_since(start);
  return found;
}

ChosenModel open_chosen_model(const CommonOptions& options, const Work& work, Console& console,
                              const Progress& progress, const std::string& limits) {
  return open_chosen_model(find_model(options, console), options, work, console, progress, limits);
}

ChosenModel open_chosen_model(FoundModel found, const CommonOptions& options, const Work& work,
                              Console& console, const Progress& progress, const std::string& limits) {
  const auto start = steady_clock::now();
  ChosenModel chosen;
  chosen.builtin = is_builtin(options.model);
  chosen.name = std::move(found.name);
  chosen.fingerprint = std::move(found.fingerprint);
  tell_builtin(options, console, limits);
  const Checkpoint checkpoint = std::move(found.checkpoint);
  const ModelOptions model_options{
      .type = weight_type_from_name(options.type), .progress = progress, .vae = vae_places(options.vae)};
  const bool codes_images = work.generated_images > 0 || work.decodes || work.encodes;
  if (options.verify && codes_images) verify_vae(checkpoint, options);
  // Nothing is loaded for a prompt that cannot be read.
  if (work.new_tokens > 0 || work.generated_images > 0) (void)open_tokenizer(checkpoint.files());
  const auto [device, at_once] =
      choose_device(options, {checkpoint, chosen.name, options.device, model_options, work}, console);
  chosen.images_at_once = at_once;
  chosen.model = open_model(checkpoint, device, model_options);
  check_mapped_files();
  tell_notes(checkpoint, console);
  chosen.load_ms = found.open_ms + milliseconds_since(start);

  const ModelInfo& info = chosen.model->info();
  console.detail(fmt::format("model {}: {} in the {} layout, {} layers of width {}, pictures of {} x {}",
                             chosen.name, info.family, info.layout, info.layers, info.hidden_size,
                             info.image_size, info.image_size));
  console.detail(fmt::format("device {}: {}", device->name(), device->description()));
  console.detail(fmt::format("loaded in {:.0f} ms", chosen.load_ms));
  return chosen;
}

}  // namespace janus::cli
