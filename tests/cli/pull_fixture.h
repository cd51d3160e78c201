// A model on a server of this machine, and the program that pulls it into a folder of the test.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/cli/hub_server.h"
#include "tests/cli/program.h"

namespace janus::test {

using Overrule = std::function<std::optional<HttpReply>(const HttpQuery&)>;

inline constexpr const char* kId = "some-one/some-model";
inline constexpr const char* kWeights = "model.safetensors";
inline const std::string kTarget = std::string("/") + kWeights;
inline const std::string kToken = "hf_verySecretToken";

inline std::string noise(size_t bytes) {
  std::mt19937 random{7};
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// The small model's files by name.
inline std::map<std::string, std::string> model_files() {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kModel)) {
    files[entry.path().filename().string()] = read_file(entry.path().string());
  }
  return files;
}

// The small model's weights.
inline const std::string& weights() {
  static const std::string text = read_file(kModel + "/" + kWeights);
  return text;
}
inline const size_t kWeightsBytes = weights().size();

// The tensors of a safetensors file in `count` files, and the index that names them.
inline std::map<std::string, std::string> shards_of(const std::string& text, size_t count) {
  uint64_t length = 0;
  std::memcpy(&length, text.data(), sizeof length);
  const auto header = nlohmann::json::parse(text.substr(sizeof length, length));
  const std::string data = text.substr(sizeof length + length);
  std::vector<nlohmann::json> headers(count, nlohmann::json::object());
  std::vector<std::string> contents(count);
  nlohmann::json index;
  size_t next = 0;
  const auto name_of = [&](size_t shard) {
    return "model-0000" + std::to_string(shard + 1) + "-of-0000" + std::to_string(count) + ".safetensors";
  };
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    const size_t shard = next++ % count, begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    nlohmann::json moved = tensor;
    moved["data_offsets"] = {contents[shard].size(), contents[shard].size() + end - begin};
    contents[shard] += data.substr(begin, end - begin);
    headers[shard][name] = moved;
    index["weight_map"][name] = name_of(shard);
  }
  std::map<std::string, std::string> files{{"model.safetensors.index.json", index.dump()}};
  for (size_t shard = 0; shard < count; ++shard) {
    std::string json = headers[shard].dump();
    json.resize((json.size() + 7) / 8 * 8, ' ');
    const uint64_t size = json.size();
    std::string file(sizeof size, '\0');
    std::memcpy(file.data(), &size, sizeof size);
    files[name_of(shard)] = file + json + contents[shard];
  }
  return files;
}

class Pull : public InFolder {
 protected:
  void SetUp() override {
    if (JANUS_WITH_CURL == 0) GTEST_SKIP() << "this build has no libcurl";
    InFolder::SetUp();
    model_.files = model_files();
  }

  // Serves the model, except where `overrule` has another answer.
  void serve(Overrule overrule = {}) {
    server_.emplace([this, overrule](const HttpQuery& query) {
      std::optional<HttpReply> reply = overrule ? overrule(query) : std::nullopt;
      return reply ? *reply : model_.answer(query);
    });
  }
  Surroundings around() const {
    return {.environment = {{"HF_ENDPOINT", server_->url()}, {"HF_HUB_CACHE", path("cache")}}};
  }
  Result pull(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"pull", kId});
    return run(more, around());
  }

  // The same where nobody answers.
  Result pull_without_server(std::vector<std::string> more = {}, Surroundings around = {}) const {
    around.environment.emplace("HF_ENDPOINT", "http://127.0.0.1:1");
    around.environment.emplace("HF_HUB_CACHE", path("cache"));
    more.insert(more.begin(), {"pull", kId});
    return run(more, around);
  }
  size_t bytes() const {
    size_t sum = 0;
    for (const auto& [name, text] : model_.files) sum += text.size();
    return sum;
  }

  std::string folder() const { return path("cache/models--some-one--some-model"); }
  std::string blob(const std::string& name) const { return folder() + "/blobs/" + model_.hash(name); }
  std::string snapshot() const { return folder() + "/snapshots/" + model_.commit; }

  void expect_whole() const {
    for (const auto& [name, text] : model_.files) EXPECT_EQ(read_file(snapshot() + "/" + name), text) << name;
    EXPECT_EQ(read_file(folder() + "/refs/main"), model_.commit);
    for (const auto& entry : std::filesystem::directory_iterator(folder() + "/blobs")) {
      EXPECT_NE(entry.path().extension(), ".incomplete");
    }
  }
  // Nobody who reads the cache finds a model.
  void expect_nothing_to_see() const {
    EXPECT_FALSE(std::filesystem::exists(folder() + "/refs/main"));
    EXPECT_FALSE(std::filesystem::exists(snapshot()));
    EXPECT_FALSE(std::filesystem::exists(blob(kWeights)));
  }

  RemoteModel model_;
  std::optional<HttpServer> server_;
};

}  // namespace janus::test
