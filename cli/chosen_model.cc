#include "cli/chosen_model.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "cli/builtin_model.h"
#include "core/device.h"
#include "core/error.h"

namespace janus::cli {

FileSet model_files(const std::string& path) {
  if (path.empty()) return builtin_model();
  std::error_code fault;
  std::filesystem::file_status status = std::filesystem::status(path, fault);
  check(std::filesystem::exists(status),
        "model, {}: expected a folder with config.json and safetensors files, found nothing there; get one "
        "with: {}",
        path, kGetModel);
  check(std::filesystem::is_directory(status),
        "model, {}: expected a folder with config.json and safetensors files, found a file; get one with: {}",
        path, kGetModel);
  return FileSet::folder(path);
}

ChosenModel open_chosen_model(const CommonOptions& options, Console& console, const std::string& limits) {
  ChosenModel chosen;
  chosen.builtin = options.model.empty();
  chosen.name = chosen.builtin ? kBuiltinName : options.model;
  if (chosen.builtin) {
    console.notice(fmt::format("no -m given: using the built-in {}{}", kBuiltinName, limits));
  }
  auto start = std::chrono::steady_clock::now();
  std::shared_ptr<Device> device =
      open_device(options.device, {.threads = static_cast<int>(options.threads)});
  Checkpoint checkpoint = Checkpoint::open(model_files(options.model));
  chosen.model = open_model(checkpoint, device, {.type = weight_type_from_name(options.type)});
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
