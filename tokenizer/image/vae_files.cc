#include "tokenizer/image/vae_files.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/read_file.h"
#include "core/base/remedy.h"
#include "core/checkpoint/foreign_weights.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/stand_in.h"
#include "core/checkpoint/torch_pickle.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

constexpr const char* kConfig = "config.json";

bool is_torch(const FileBytes& file) {
  constexpr std::string_view kZip = "PK\3\4";
  const std::string_view begin(reinterpret_cast<const char*>(file.bytes.data()),
                               std::min(file.bytes.size(), kZip.size()));
  return begin == kZip;
}

// Whether the config beside a file of weights is of an autoencoder: folders hold files of several models.
bool is_of_autoencoder(const nlohmann::json& config) {
  return config.is_object() && config.contains("_class_name");
}

FileSet file_with_config(const std::string& path) {
  const fs::path file(path), config = file.parent_path() / kConfig;
  std::map<std::string, FileBytes> files{{file.filename().string(), map_file(path)}};
  check_no_stand_in(files.begin()->second.bytes, path);
  std::error_code ignored;
  if (fs::is_regular_file(config, ignored)) files.emplace(kConfig, map_file(config.string()));
  return FileSet::in_memory(path, std::move(files));
}

// A folder of whole models, whose autoencoder is in a folder of its own: diffusers' pipelines, JanusFlow.
bool is_outer(const std::string& folder) {
  std::error_code ignored;
  return fs::is_directory(fs::path(folder) / kVaeFolder, ignored) && !is_vae_folder(folder);
}

// Those of the folder, or the file with what stands beside it.
FileSet vae_files(const std::string& path) {
  std::error_code fault;
  const fs::file_status status = fs::status(path, fault);
  check(status.type() != fs::file_type::not_found,
        "autoencoder, {}: expected a folder or a file of weights, found nothing there; correct the path",
        path);
  check(status.type() != fs::file_type::none, "autoencoder, {}: expected it to be readable, found: {}; {}",
        path, fault.message(), reading_remedy_of(fault.value(), path));
  return fs::is_directory(status) ? FileSet::folder(path) : file_with_config(path);
}

nlohmann::json config_of(const FileSet& files) {
  if (!files.contains(kConfig)) return {};
  nlohmann::json config = files.json(kConfig);
  const bool counts = files.is_folder() || is_of_autoencoder(config);
  return counts ? config : nlohmann::json();
}

}  // namespace

bool is_vae_config(const nlohmann::json& config) {
  return config.is_object() && config.value("_class_name", nlohmann::json()) == "AutoencoderKL";
}

bool is_vae_folder(const std::string& folder) {
  std::error_code ignored;
  const std::string config = (fs::path(folder) / kConfig).string();
  if (!fs::is_regular_file(config, ignored)) return false;
  constexpr size_t kMostBytes = size_t{1} << 24;
  return is_vae_config(parse_json_or_discard(read_file(config, config, kMostBytes)));
}

std::string choose_vae_weights(const std::vector<std::string>& names, const std::string& where) {
  const auto there = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const char* ending : {".safetensors", ".fp16.safetensors", ".bin"}) {
    if (const std::string name = std::string("diffusion_pytorch_model") + ending; there(name)) return name;
  }
  std::vector<std::string> others;
  std::copy_if(names.begin(), names.end(), std::back_inserter(others), [](const std::string& name) {
    return name.ends_with(".safetensors") && !name.starts_with('.');
  });
  check(others.size() <= 1,
        "autoencoder, {}: expected diffusion_pytorch_model.safetensors or one other *.safetensors, found {}; "
        "give the path of one of them",
        where, short_list(others));
  return others.empty() ? std::string() : others.front();
}

Checkpoint open_vae(const std::string& given, const CheckpointOptions& options) {
  const std::string path = is_outer(given) ? (fs::path(given) / kVaeFolder).string() : given;
  FileSet files = vae_files(path);
  const std::string name =
      files.is_folder() ? choose_vae_weights(files.files(), path) : fs::path(path).filename().string();
  check(!name.empty(),
        "autoencoder, {}: expected weights as diffusion_pytorch_model.safetensors or another *.safetensors, "
        "found none; download them into it",
        path);
  const FileBytes bytes = files.read(name);
  const std::string where = files.is_folder() ? files.path(name) : path;
  auto tensors = is_torch(bytes) ? read_torch_pickle(bytes, name, where, options.verify)
                                 : read_safetensors(bytes, name, where);
  const std::string wrappers = strip_wrappers(tensors, path);
  nlohmann::json config = config_of(files);
  Checkpoint checkpoint = Checkpoint::from_tensors(std::move(files), std::move(config), std::move(tensors));
  if (!wrappers.empty())
    checkpoint.note(fmt::format("autoencoder, {}: tensor names: read without {}", path, wrappers));
  return checkpoint;
}

}  // namespace janus
