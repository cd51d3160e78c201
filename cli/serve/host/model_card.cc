
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "cli/serve/host/loading_host.h"
#include "core/tensor/device.h"
#include "generator/model_fingerprint.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// When the newest of these files was written, in seconds since 1970; 0 where nothing tells.
int64_t newest(const std::vector<fs::path>& paths) {
  int64_t newest_s = 0;
  for (const fs::path& path : paths) {
    std::error_code fault;
    const auto written = fs::last_write_time(path, fault);
    if (fault) continue;
    const auto since_1970 = std::chrono::file_clock::to_sys(written).time_since_epoch();
    newest_s =
        std::max<int64_t>(newest_s, std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
  }
  return newest_s;
}

std::vector<fs::path> files_of(const FileSet& files) {
  if (!files.is_folder()) {
    // One GGUF file, or the program itself.
    std::error_code fault;
    return {fs::exists(files.name(), fault) ? fs::path(files.name()) : fs::path("/proc/self/exe")};
  }
  std::vector<fs::path> paths;
  for (const std::string& name : files.files()) paths.emplace_back(files.path(name));
  return paths;
}

}  // namespace

ModelCard read_card(const ModelNames& names, const CommonOptions& common, Console& console) {
  const FileSet files = model_files(names.model, console);
  check_family(files);
  const Checkpoint checkpoint = Checkpoint::open(files);
  ModelCard card;
  card.fingerprint = model_fingerprint(checkpoint);
  // Nothing is loaded: what the config says is asked of a model that must not run.
  const ModelInfo info = open_model(checkpoint, open_device("cpu", {.threads = 1}), {.plan = true})->info();
  card.name = names.name;
  card.created = newest(files_of(files));
  card.context_length = info.context_length;
  card.family = info.family;
  std::map<std::string, int64_t> types;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    const auto bytes = static_cast<int64_t>(tensor.data.bytes.size());
    card.bytes += bytes;
    card.parameters += tensor.shape.elements();
    types[tensor.unreadable.empty() && !tensor.is_f64() ? name_of(tensor.dtype) : tensor.type] += bytes;
  }
  const auto most = std::max_element(types.begin(), types.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  card.type = common.type == "native" && most != types.end() ? most->first : common.type;
  card.device = common.device;
  return card;
}

}  // namespace janus::cli
