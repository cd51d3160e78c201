// Goldens: what the reference made of the checkpoints in tests/data/models (tests/reference/make_goldens.py).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/file_set.h"
#include "core/checkpoint/safetensors.h"

namespace janus::test {

// The names of all goldens, sorted.
inline std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(JANUS_TEST_DATA "/goldens")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The checkpoint that a golden was made of.
inline std::string golden_model(const std::string& name) { return JANUS_TEST_DATA "/models/" + name; }

class Golden {
 public:
  // folder: of the goldens, below the test data.
  explicit Golden(const std::string& name, const std::string& folder = "goldens")
      : files_(FileSet::folder(JANUS_TEST_DATA "/" + folder + "/" + name)) {
    json_ = files_.json("golden.json");
    stages_ = read_safetensors(files_.read("stages.safetensors"), "stages.safetensors", files_.name());
  }

  const nlohmann::json& json() const { return json_; }
  template <typename T>
  std::vector<T> list(const char* key) const {
    return json_.at(key).get<std::vector<T>>();
  }

  bool contains(const std::string& stage) const { return stages_.contains(stage); }
  const Shape& shape(const std::string& stage) const { return stages_.at(stage).shape; }
  template <typename T>
  std::vector<T> values(const std::string& stage) const {
    const StoredTensor& stored = stages_.at(stage);
    std::vector<T> values(stored.data.bytes.size() / sizeof(T));
    std::memcpy(values.data(), stored.data.bytes.data(), stored.data.bytes.size());
    return values;
  }
  // A stage stored channels first, [C, h, w], as [h * w, C].
  std::vector<float> channels_last(const std::string& stage) const {
    const std::vector<float> planes = values<float>(stage);
    const int64_t channels = shape(stage)[0], pixels = static_cast<int64_t>(planes.size()) / channels;
    std::vector<float> result(planes.size());
    for (int64_t i = 0; i < static_cast<int64_t>(planes.size()); ++i) {
      result[i % pixels * channels + i / pixels] = planes[i];
    }
    return result;
  }

 private:
  FileSet files_;
  nlohmann::json json_;
  std::map<std::string, StoredTensor> stages_;
};

// |found - expected| <= absolute + relative * |expected| of each value, and |found - expected| <= l2 *
// |expected| of all together: the first finds a single wrong value, the second a small fault of every value.
struct Tolerance {
  double absolute = 0;
  double relative = 0;
  double l2 = 0;
};

// Empty where all values are within the tolerance, else what departs most. NaN departs.
template <typename T>
std::string departure(std::span<const T> found, std::span<const T> expected, const Tolerance& tolerance) {
  if (found.size() != expected.size()) {
    return fmt::format("expected {} values, found {}", expected.size(), found.size());
  }
  size_t wrong = 0, worst = 0;
  double worst_excess = 0, error = 0, norm = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    const double allowed =
        tolerance.absolute + tolerance.relative * std::abs(static_cast<double>(expected[i]));
    error += difference * difference;
    norm += static_cast<double>(expected[i]) * expected[i];
    if (difference <= allowed) continue;
    if (wrong++ == 0 || !(difference - allowed <= worst_excess)) {
      worst = i;
      worst_excess = difference - allowed;
    }
  }
  if (wrong == 0 && std::sqrt(error) <= tolerance.l2 * std::sqrt(norm)) return {};
  return fmt::format("{} of {} values depart, most at {}: expected {}, found {}; relative L2 {:.3g}", wrong,
                     found.size(), worst, expected[worst], found[worst], std::sqrt(error / norm));
}

}  // namespace janus::test
