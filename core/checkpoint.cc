#include "core/checkpoint.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/safetensors.h"

namespace janus {
namespace {

constexpr std::string_view kIndex = "model.safetensors.index.json";
using Tensors = std::map<std::string, StoredTensor>;

std::vector<std::string> files_ending(const FileSet& files, std::string_view ending) {
  std::vector<std::string> matching;
  for (const std::string& file : files.files()) {
    if (file.ends_with(ending)) matching.push_back(file);
  }
  return matching;
}

[[noreturn]] void fail_without_weights(const FileSet& files) {
  for (const std::string& file : files_ending(files, ".bin")) {
    if (!file.starts_with("pytorch_model")) continue;
    fail(
        "model {}: expected safetensors weights, found {}, a torch pickle, which is not read yet; use a "
        "safetensors copy of the model, or convert it in its folder: python3 -c \"import glob, torch; from "
        "safetensors.torch import save_file; save_file({{k: v.clone() for f in "
        "glob.glob('pytorch_model*.bin') for k, v in torch.load(f, weights_only=True).items()}}, "
        "'model.safetensors')\"",
        files.name(), file);
  }
  fail("model {}: expected weights in {} or *.safetensors, found neither; download the model's weights too",
       files.name(), kIndex);
}

// The tensor names of each file.
std::map<std::string, std::set<std::string>> read_index(const FileSet& files) {
  const nlohmann::json json = files.json(kIndex);
  const JsonObject weight_map = JsonObject(json, files.path(kIndex)).required_object("weight_map");
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, file] : weight_map.json().items()) {
    shards[weight_map.required_string(name)].insert(name);
  }
  check(!shards.empty(), "{}: expected tensors, found none; download it again", weight_map.where());
  return shards;
}

void check_shard(const Tensors& tensors, const std::set<std::string>& indexed, const std::string& path) {
  for (const std::string& name : indexed) {
    check(tensors.count(name) != 0, "{}: expected tensor {} as {} says, found no such; download both again",
          path, name, kIndex);
  }
  for (const auto& [name, tensor] : tensors) {
    check(indexed.count(name) != 0,
          "{}: expected only tensors that {} places there, found {}; download both "
          "again",
          path, kIndex, name);
  }
}

Tensors read_shards(const FileSet& files) {
  Tensors tensors;
  for (const auto& [file, names] : read_index(files)) {
    check(files.contains(file), "model {}: expected {}, which {} names, found no such file; download it",
          files.name(), file, kIndex);
    Tensors shard = read_safetensors(files.read(file), file, files.path(file));
    check_shard(shard, names, files.path(file));
    tensors.merge(shard);  // names are unique: JSON keys
  }
  return tensors;
}

// A name such as model-00001-of-00003.safetensors tells how many files there must be.
void check_all_there(const FileSet& files, const std::string& file) {
  constexpr std::string_view kNumbered = "-00000-of-00000.safetensors";
  const auto alike = [](char pattern, char c) {
    return pattern == '0' ? '0' <= c && c <= '9' : c == pattern;
  };
  if (file.size() < kNumbered.size()) return;
  const size_t stem = file.size() - kNumbered.size();
  if (!std::equal(kNumbered.begin(), kNumbered.end(), file.begin() + stem, alike)) return;
  const std::string total = file.substr(stem + std::string_view("-00000-of-").size(), 5);
  for (int shard = 1; shard <= std::stoi(total); ++shard) {
    const std::string name = fmt::format("{}-{:05}-of-{}.safetensors", file.substr(0, stem), shard, total);
    check(files.contains(name), "model {}: expected {} beside {}, found no such file; download it",
          files.name(), name, file);
  }
}

Tensors read_all(const FileSet& files) {
  Tensors tensors;
  for (const std::string& file : files_ending(files, ".safetensors")) {
    check_all_there(files, file);
    Tensors more = read_safetensors(files.read(file), file, files.path(file));
    tensors.merge(more);
    if (more.empty()) continue;
    const std::string& name = more.begin()->first;
    fail("model {}: expected each tensor once, found {} in both {} and {}; remove one of them", files.name(),
         name, tensors.at(name).file, file);
  }
  return tensors;
}

std::string weight_files(const Checkpoint& checkpoint) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : checkpoint.tensors()) names.insert(tensor.file);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Checkpoint Checkpoint::open(FileSet files) {
  check(files.contains("config.json"),
        "model {}: expected config.json, found no such file; give the folder that holds config.json and "
        "weights",
        files.name());
  Checkpoint checkpoint;
  checkpoint.config_ = std::make_shared<const nlohmann::json>(files.json("config.json"));
  JsonObject(checkpoint.config(), files.path("config.json"));  // throws unless it is an object
  if (files.contains(kIndex)) {
    checkpoint.tensors_ = read_shards(files);
  } else if (!files_ending(files, ".safetensors").empty()) {
    checkpoint.tensors_ = read_all(files);
  } else {
    fail_without_weights(files);
  }
  checkpoint.files_ = std::move(files);
  return checkpoint;
}

Checkpoint Checkpoint::open(const std::string& path) { return open(FileSet::folder(path)); }

Checkpoint Checkpoint::from_tensors(FileSet files, nlohmann::json config,
                                    std::map<std::string, StoredTensor> tensors) {
  Checkpoint checkpoint;
  checkpoint.files_ = std::move(files);
  checkpoint.config_ = std::make_shared<const nlohmann::json>(std::move(config));
  checkpoint.tensors_ = std::move(tensors);
  return checkpoint;
}

const StoredTensor& Checkpoint::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  check(!tensors_.empty(), "{}: expected this tensor, found no tensors at all in {}", name, files_.name());
  fail("{}: expected this tensor, found no such in {}; config.json and weights may be of different models",
       name, weight_files(*this));
}

std::vector<std::string> Checkpoint::unread() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors_) {
    if (read_->count(name) == 0) names.push_back(name);
  }
  return names;
}

}  // namespace janus
