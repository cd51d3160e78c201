// Model folders of tests/data/models that a test may change.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "generator/model.h"
#include "tests/core/model_files.h"
#include "tests/golden.h"
#include "tests/support/requests.h"

namespace janus::test {

// A copy of a model whose files may be changed.
class ModelCopy {
 public:
  using json = nlohmann::json;

  explicit ModelCopy(const std::string& name) {
    std::filesystem::copy(
        golden_model(name), folder_.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  }
  const std::string& path() const { return folder_.path(); }
  FileSet files() const { return FileSet::folder(path()); }
  json read(const std::string& file) const { return files().json(file); }
  void write(const std::string& file, const std::string& content) const { folder_.write(file, content); }
  void write(const std::string& file, const json& content) const { write(file, content.dump()); }
  void remove(const std::string& file) const { std::filesystem::remove(path() + "/" + file); }
  // config.json with `change` applied.
  template <typename Change>
  void change_config(Change change) const {
    json config = read("config.json");
    change(config);
    write("config.json", config);
  }

  // The stored tensors, as safetensors_file takes them.
  std::vector<TestTensor> tensors() const {
    std::vector<TestTensor> all;
    const Checkpoint checkpoint = Checkpoint::open(path());
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      std::vector<int64_t> sizes;
      for (int axis = 0; axis < tensor.shape.rank(); ++axis) sizes.push_back(tensor.shape[axis]);
      const auto* bytes = reinterpret_cast<const char*>(tensor.data.bytes.data());
      all.push_back({name, tensor.type, sizes, {bytes, tensor.data.bytes.size()}});
    }
    return all;
  }
  // One model.safetensors of these in place of all weights.
  void write_tensors(const std::vector<TestTensor>& tensors) const {
    remove_weights();
    write("model.safetensors", safetensors_file(tensors));
  }
  void remove_weights() const {
    std::vector<std::string> weights;
    for (const std::string& file : files().files()) {
      if (file.ends_with(".safetensors") || file.ends_with(".bin") || file.ends_with(".index.json"))
        weights.push_back(file);
    }
    for (const std::string& file : weights) remove(file);
  }

  std::unique_ptr<Model> open() const { return open(Checkpoint::open(path())); }
  static std::unique_ptr<Model> open(const Checkpoint& checkpoint) {
    return open_model(checkpoint, open_device("cpu", {.threads = 1}), {.type = WeightType::f32});
  }

 private:
  const TemporaryFolder folder_;
};

inline Image seeded_pixels(int side) {
  Image image{.width = side, .height = side, .pixels = {}};
  for (int i = 0; i < side * side * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37 % 256));
  return image;
}

// The log-probability of an answer about an image: one number that nearly every weight moves.
inline double answer_score(const Model& model) {
  const Image image = seeded_pixels(model.info().image_size);
  return score_text(model, {&image, 1}, "What?", "A ring").total;
}

}  // namespace janus::test
