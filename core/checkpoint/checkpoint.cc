#include "core/checkpoint/checkpoint.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/gguf.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/torch_pickle.h"

namespace janus {
namespace {

using Tensors = std::map<std::string, StoredTensor>;

// A format of weights that may take several files of a folder.
struct Container {
  std::string_view index;           // names the file of each tensor
  std::string_view prefix, ending;  // of its files' names where there is no index
  Tensors (*read)(const FileBytes& file, const std::string& name, const std::string& where,
                  const CheckpointOptions& options);
};

// The first that a folder holds is read.
constexpr std::array<Container, 2> kContainers{{
    {.index = "model.safetensors.index.json",
     .prefix = "",
     .ending = ".safetensors",
     .read = [](const FileBytes& file, const std::string& name, const std::string& where,
                const CheckpointOptions&) { return read_safetensors(file, name, where); }},
    {.index = "pytorch_model.bin.index.json",
     .prefix = "pytorch_model",
     .ending = ".bin",
     .read =
         [](const FileBytes& file, const std::string& name, const std::string& where,
            const CheckpointOptions& options) {
           return read_torch_pickle(file, name, where, options.verify);
         }},
}};

std::vector<std::string> weight_files(const FileSet& files, const Container& container) {
  std::vector<std::string> matching;
  for (const std::string& file : files.files()) {
    if (file.starts_with(container.prefix) && file.ends_with(container.ending)) matching.push_back(file);
  }
  return matching;
}

[[noreturn]] void fail_without_weights(const FileSet& files) {
  for (const std::string& file : files.files()) {
    // Names that torch.save is given by hand: optimizer states and the like have them too.
    for (const char* ending : {".bin", ".pt", ".pth", ".ckpt"}) {
      check(!file.ends_with(ending),
            "model {}: expected weights in *.safetensors or pytorch_model*.bin, found {}; rename it to "
            "pytorch_model.bin if it holds the model's state_dict",
            files.name(), file);
    }
  }
  fail(
      "model {}: expected weights in *.safetensors or pytorch_model*.bin, found neither; download the "
      "model's "
      "weights too",
      files.name());
}

// The tensor names of each file.
std::map<std::string, std::set<std::string>> read_index(const FileSet& files, std::string_view index) {
  const nlohmann::json json = files.json(index);
  const JsonObject weight_map = JsonObject(json, files.path(index)).required_object("weight_map");
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, file] : weight_map.json().items()) {
    shards[weight_map.required_string(name)].insert(name);
  }
  check(!shards.empty(), "{}: expected tensors, found none; download it again", weight_map.where());
  return shards;
}

void check_shard(const Tensors& tensors, const std::set<std::string>& indexed, const std::string& path,
                 std::string_view index) {
  for (const std::string& name : indexed) {
    check(tensors.contains(name), "{}: expected tensor {} as {} says, found no such; download both again",
          path, name, index);
  }
  for (const auto& [name, tensor] : tensors) {
    check(indexed.contains(name),
          "{}: expected only tensors that {} places there, found {}; download both "
          "again",
          path, index, name);
  }
}

Tensors read_shards(const FileSet& files, const Container& container, const CheckpointOptions& options) {
  Tensors tensors;
  for (const auto& [file, names] : read_index(files, container.index)) {
    check(files.contains(file), "model {}: expected {}, which {} names, found no such file; download it",
          files.name(), file, container.index);
    Tensors shard = container.read(files.read(file), file, files.path(file), options);
    check_shard(shard, names, files.path(file), container.index);
    tensors.merge(shard);  // names are unique: JSON keys
  }
  return tensors;
}

// A name such as model-00001-of-00003.safetensors tells how many files there must be.
void check_all_there(const FileSet& files, const std::string& file, std::string_view ending) {
  constexpr std::string_view kNumbered = "-00000-of-00000";
  const auto alike = [](char pattern, char c) {
    return pattern == '0' ? '0' <= c && c <= '9' : c == pattern;
  };
  if (file.size() < kNumbered.size() + ending.size()) return;
  const size_t stem = file.size() - kNumbered.size() - ending.size();
  if (!std::equal(kNumbered.begin(), kNumbered.end(), file.begin() + stem, alike)) return;
  const std::string total = file.substr(stem + std::string_view("-00000-of-").size(), 5);
  for (int shard = 1; shard <= std::stoi(total); ++shard) {
    const std::string name = fmt::format("{}-{:05}-of-{}{}", file.substr(0, stem), shard, total, ending);
    check(files.contains(name), "model {}: expected {} beside {}, found no such file; download it",
          files.name(), name, file);
  }
}

Tensors read_all(const FileSet& files, const Container& container, const CheckpointOptions& options) {
  Tensors tensors;
  for (const std::string& file : weight_files(files, container)) {
    check_all_there(files, file, container.ending);
    Tensors more = container.read(files.read(file), file, files.path(file), options);
    tensors.merge(more);
    if (more.empty()) continue;
    const std::string& name = more.begin()->first;
    fail("model {}: expected each tensor once, found {} in both {} and {}; remove one of them", files.name(),
         name, tensors.at(name).file, file);
  }
  return tensors;
}

std::vector<std::string> gguf_files_in(const FileSet& files) {
  std::vector<std::string> names = files.files();
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kGgufEnding); });
  return names;
}

Tensors read_one_gguf(const FileSet& files) {
  const std::vector<std::string> names = gguf_files_in(files);
  check(names.size() == 1,
        "model {}: expected safetensors weights or one GGUF file, found {}; give one of them", files.name(),
        fmt::join(names, ", "));
  return read_gguf(files.read(names[0]), names[0], files.path(names[0])).tensors;
}

Tensors read_weights(const FileSet& files, const CheckpointOptions& options) {
  for (const Container& container : kContainers) {
    if (files.contains(container.index)) return read_shards(files, container, options);
    if (!weight_files(files, container).empty()) return read_all(files, container, options);
  }
  if (!gguf_files_in(files).empty()) return read_one_gguf(files);
  fail_without_weights(files);
}

std::string weight_files(const Checkpoint& checkpoint) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : checkpoint.tensors()) names.insert(tensor.file);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

FileSet open_model_files(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    check(path.ends_with(kGgufEnding) || is_gguf(path),
          "model {}: expected a folder with config.json and weights, or one GGUF file, found another file; "
          "give "
          "the folder it is in",
          path);
    return gguf_files(path);
  }
  FileSet files = FileSet::folder(path);
  const std::vector<std::string> names = gguf_files_in(files);
  // A folder in which nothing but a GGUF file was put.
  return names.size() == 1 && !files.contains("config.json") ? gguf_files(files.path(names[0])) : files;
}

Checkpoint Checkpoint::open(FileSet files, const CheckpointOptions& options) {
  check(files.contains("config.json"),
        "model {}: expected config.json, found no such file; give the folder that holds config.json and "
        "weights",
        files.name());
  Checkpoint checkpoint;
  checkpoint.config_ = std::make_shared<const nlohmann::json>(files.json("config.json"));
  // Throws unless it is an object.
  [[maybe_unused]] const JsonObject config(checkpoint.config(), files.path("config.json"));
  checkpoint.tensors_ = read_weights(files, options);
  checkpoint.files_ = std::move(files);
  return checkpoint;
}

Checkpoint Checkpoint::open(const std::string& path, const CheckpointOptions& options) {
  return open(open_model_files(path), options);
}

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
