// Models of tests/data/models whose files a test may change.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "generator/model.h"
#include "tests/core/model_files.h"
#include "tests/golden.h"

namespace janus::test {

// A copy of a model whose files may be changed.
class ModelCopy {
 public:
  explicit ModelCopy(const std::string& name) {
    std::filesystem::copy(
        golden_model(name), folder_.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  }
  const std::string& path() const { return folder_.path(); }
  nlohmann::json read(const std::string& file) const { return FileSet::folder(path()).json(file); }
  void write(const std::string& file, const std::string& content) const { folder_.write(file, content); }
  void write(const std::string& file, const nlohmann::json& content) const { write(file, content.dump()); }
  // config.json with `change` applied.
  template <typename Change>
  void change_config(Change change) const {
    nlohmann::json config = read("config.json");
    change(config);
    write("config.json", config);
  }
  std::unique_ptr<Model> open() const {
    return open_model(Checkpoint::open(path()), open_device("cpu", {.threads = 1}),
                      {.type = WeightType::f32});
  }

 private:
  const TemporaryFolder folder_;
};

inline Image test_image(int side) {
  Image image{.width = side, .height = side, .pixels = {}};
  for (int i = 0; i < side * side * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37 % 256));
  return image;
}

}  // namespace janus::test
