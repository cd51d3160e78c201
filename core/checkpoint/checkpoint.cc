#include "core/checkpoint/checkpoint.h"

#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/foreign_folder.h"
#include "core/checkpoint/foreign_weights.h"
#include "core/checkpoint/gguf.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/torch_pickle.h"

namespace janus {
namespace {

using Tensors = std::map<std::string, StoredTensor>;

Tensors read_file(const FileSet& files, WeightFormat format, const std::string& file,
                  const CheckpointOptions& options) {
  const FileBytes bytes = files.read(file);
  const std::string where = files.path(file);
  switch (format) {
    case WeightFormat::safetensors:
      return read_safetensors(bytes, file, where);
    case WeightFormat::torch:
      return read_torch_pickle(bytes, file, where, options.verify);
    case WeightFormat::gguf:
      break;
  }
  return read_gguf(bytes, file, where).tensors;
}

// All tensors of the chosen files, whatever their index lists. Of a tensor that two of them hold the one
// counts that the index places.
Tensors read_weights(const FileSet& files, const WeightFiles& chosen, const CheckpointOptions& options) {
  Tensors tensors;
  for (const std::string& file : chosen.files) {
    Tensors more = read_file(files, chosen.format, file, options);
    tensors.merge(more);
    for (auto& [name, tensor] : more) {
      StoredTensor& first = tensors.at(name);
      const auto placed = chosen.placed.find(name);
      const std::string place = placed != chosen.placed.end() ? placed->second : "";
      check(place == file || place == first.file,
            "model {}: expected each tensor once, found {} in both {} and {}; remove one of them",
            files.name(), name, first.file, file);
      if (place == file) first = std::move(tensor);
    }
  }
  return tensors;
}

std::string files_of(const Tensors& tensors) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) names.insert(tensor.file);
  return short_list({names.begin(), names.end()});
}

std::set<std::string> names_in(const FileSet& files) {
  const std::vector<std::string> names = files.files();
  return {names.begin(), names.end()};
}

}  // namespace

FileSet open_model_files(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    const bool beside = std::filesystem::exists(folder / "config.json", ignored);
    check(path.ends_with(kGgufEnding) || is_gguf(path),
          "model {}: expected a folder with config.json and weights, or one GGUF file, found another file; "
          "give {}",
          path,
          !beside          ? "a folder that holds both"
          : folder.empty() ? "."
                           : folder.string());
    return gguf_files(path);
  }
  FileSet files = FileSet::folder(path);
  if (files.contains("config.json")) return files;
  // A folder in which nothing but a GGUF file was put.
  std::vector<std::string> names = files.files();
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kGgufEnding); });
  check(names.size() <= 1,
        "model {}: expected config.json or one GGUF file, found {}; give the path of one of them", path,
        short_list(names));
  if (names.size() == 1) return gguf_files(files.path(names[0]));
  fail_without_config(files);
}

Checkpoint Checkpoint::open(FileSet files, const CheckpointOptions& options) {
  if (!files.contains("config.json")) fail_without_config(files);
  Checkpoint checkpoint;
  checkpoint.config_ = std::make_shared<const nlohmann::json>(files.json("config.json"));
  // Throws unless it is an object.
  [[maybe_unused]] const JsonObject config(checkpoint.config(), files.path("config.json"));
  check_no_adapter(files);
  check_not_quantized(files, checkpoint.config());
  const auto read_index = [&](const std::string& name) { return files.json(name); };
  std::optional<WeightFiles> chosen =
      choose_weight_files(names_in(files), read_index, "model " + files.name(), "download it");
  if (!chosen.has_value()) fail_without_weights(files);
  State& state = *checkpoint.state_;
  state.tensors = read_weights(files, *chosen, options);
  checkpoint.note(chosen->notice);
  const std::string wrappers = strip_wrappers(state.tensors, files.name());
  if (!wrappers.empty()) checkpoint.note(fmt::format("tensor names: read without {}", wrappers));
  check_plain(state.tensors, files.name());
  state.weight_files = std::move(*chosen);
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
  checkpoint.state_->tensors = std::move(tensors);
  return checkpoint;
}

const StoredTensor& Checkpoint::find(const std::string& name) const {
  const Tensors& tensors = this->tensors();
  const auto found = tensors.find(name);
  if (found != tensors.end()) return found->second;
  check(!tensors.empty(),
        "{}: expected this tensor, found no tensors at all in {}; download the weights again", name,
        files_.name());
  const std::vector<std::string>& passed_over = weight_files().passed_over;
  fail("{}: expected this tensor, found no such in {}{}; take config.json and weights from one model", name,
       files_of(tensors),
       passed_over.empty() ? "" : fmt::format(" (passed over: {})", short_list(passed_over)));
}

std::vector<std::string> Checkpoint::unread() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors()) {
    if (!state_->read.contains(name)) names.push_back(name);
  }
  return names;
}

void Checkpoint::rename(const std::map<std::string, std::string>& names) const {
  Tensors& tensors = state_->tensors;
  Tensors renamed;
  for (const auto& [from, to] : names) {
    auto node = tensors.extract(from);
    node.key() = to;
    const std::string file = node.mapped().file;
    check(renamed.insert(std::move(node)).inserted && !tensors.contains(to),
          "model {}: expected each tensor once, found {} and {} in {}; remove one of them", files_.name(), to,
          from, file);
  }
  tensors.merge(renamed);
}

void Checkpoint::note(const std::string& text) const {
  if (!text.empty() && state_->noted.insert(text).second) state_->notes.push_back(text);
}

std::vector<std::string> Checkpoint::take_notes() const { return std::exchange(state_->notes, {}); }

}  // namespace janus
