// A model on a server of this machine, and the program that pulls it into a folder of the test.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "tests/cli/hub_server.h"
#include "tests/cli/program.h"

namespace janus::test {

using Overrule = std::function<std::optional<HttpReply>(const HttpQuery&)>;

inline constexpr const char* kId = "some-one/some-model";
inline constexpr const char* kWeights = "model.safetensors";
inline constexpr size_t kWeightsBytes = 300'000;
inline const std::string kTarget = std::string("/") + kWeights;

inline std::string noise(size_t bytes) {
  std::mt19937 random{7};
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

class Pull : public InFolder {
 protected:
  void SetUp() override {
    if (JANUS_WITH_CURL == 0) GTEST_SKIP() << "this build has no libcurl";
    InFolder::SetUp();
    model_.files = {
        {"config.json", "{}"}, {"tokenizer.json", "{\"a\": 1}"}, {kWeights, noise(kWeightsBytes)}};
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
