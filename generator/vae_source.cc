#include "generator/vae_source.h"

#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/checkpoint/gguf.h"
#include "tokenizer/image/vae_files.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

// The autoencoder among the tensors of a model; nothing where there is none.
std::optional<VaeSource> vae_inside(const Checkpoint& model, VaeSource::Origin origin) {
  const std::string prefix = kVaeTensors, config_name = "config.json";
  if (!model.contains(prefix + "decoder.conv_in.weight")) return std::nullopt;
  std::map<std::string, StoredTensor> tensors;
  for (auto it = model.tensors().lower_bound(prefix); it != model.tensors().end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    tensors.emplace(it->first.substr(prefix.size()), it->second);
  }
  const FileSet& files = model.files();
  const std::string stored_config = kVaeFiles + config_name;
  std::map<std::string, FileBytes> own;
  nlohmann::json config;
  if (files.contains(stored_config)) {
    own.emplace(config_name, files.read(stored_config));
    config = files.json(stored_config);
  }
  return VaeSource{.checkpoint = Checkpoint::from_tensors(FileSet::in_memory(files.name(), std::move(own)),
                                                          std::move(config), std::move(tensors)),
                   .path = files.name(),
                   .origin = origin};
}

std::string folder_beside(const Checkpoint& model) {
  const FileSet& files = model.files();
  const fs::path path(files.name());
  std::error_code ignored;
  const fs::path folder = files.is_folder()                    ? path / kVaeFolder
                          : fs::is_regular_file(path, ignored) ? path.parent_path() / kVaeFolder
                                                               : fs::path();
  return folder.string();
}

VaeSource opened(const std::string& path, VaeSource::Origin origin, const CheckpointOptions& options,
                 const std::string& advice) {
  std::error_code ignored;
  check(
      fs::exists(path, ignored),
      "autoencoder, {}: expected a folder or a file of weights, found nothing there; correct the path, or {}",
      path, advice);
  if (!fs::is_regular_file(path, ignored) || !is_gguf(path))
    return {.checkpoint = open_vae(path, options), .path = path, .origin = origin};
  std::optional<VaeSource> inside = vae_inside(Checkpoint::open(path, options), origin);
  check(inside.has_value(),
        "autoencoder, {}: expected a GGUF file that holds one, found none in it; make it with janus quantize "
        "from a model that has its autoencoder",
        path);
  return std::move(*inside);
}

}  // namespace

const char* name_of(VaeSource::Origin origin) {
  static constexpr std::array kNames{"chosen", "inside", "beside", "cached"};
  return kNames.at(static_cast<size_t>(origin));
}

std::optional<VaeSource> find_vae(const Checkpoint& model, const VaePlaces& places,
                                  const CheckpointOptions& options) {
  if (!places.chosen.empty()) return opened(places.chosen, VaeSource::Origin::chosen, options, places.advice);
  if (std::optional<VaeSource> inside = vae_inside(model, VaeSource::Origin::inside)) return inside;
  std::error_code ignored;
  if (const std::string beside = folder_beside(model); !beside.empty() && fs::is_directory(beside, ignored))
    return opened(beside, VaeSource::Origin::beside, options, places.advice);
  if (!places.cached.empty()) return opened(places.cached, VaeSource::Origin::cached, options, places.advice);
  return std::nullopt;
}

VaeSource need_vae(const Checkpoint& model, const VaePlaces& places) {
  std::optional<VaeSource> found = find_vae(model, places);
  if (found) return std::move(*found);
  const std::string beside = folder_beside(model);
  fail("autoencoder of images: expected {}, which JanusFlow draws with, found none{}{}{}; {}", kVaeRepository,
       beside.empty() ? " in the model" : ", neither in the model nor as " + beside,
       places.cache.empty() ? "" : ", nor in ", places.cache, places.advice);
}

}  // namespace janus
