// Every command opens the same weights of a folder, and says so where that is not plain.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class ModelFolder : public InFolder {
 protected:
  // A copy of the small model with a file of torch weights of an earlier save.
  void SetUp() override {
    InFolder::SetUp();
    fs::copy(kModel, path("model"));
    write_file(path("model/pytorch_model.bin"), "an older save");
  }
  std::string model() const { return path("model"); }
  // The commands that open a model, each as short as can be.
  std::vector<Words> commands() const {
    return {{"describe", image_file("a.png"), "-n", "1", "-m", model()},
            {"info", model()},
            {"quantize", model(), "-o", path("q.gguf")},
            {"bench", "--only", "vq_decode", "-m", model()}};
  }
};

TEST_F(ModelFolder, WhatIsPassedOverIsSaidOnceByEveryCommand) {
  const std::string note = "weights: model.safetensors read, passed over: pytorch_model.bin";
  for (Words words : commands()) {
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << words[0] << result.err;
    const Words lines = lines_of(result.err);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), note), 1) << words[0] << ": " << result.err;
    words.emplace_back("-q");
    EXPECT_EQ(run(words).err, "") << words[0];
  }
}

TEST_F(ModelFolder, InfoTellsWhatIsRead) {
  const auto record = nlohmann::json::parse(run({"info", model(), "--json", "-q"}).out);
  EXPECT_EQ(record["weight_files"], (Words{"model.safetensors"}));
  EXPECT_NE(run({"info", model(), "-q"}).out.find("weights      model.safetensors\n"), std::string::npos);
}

TEST_F(ModelFolder, EveryCommandRefusesTheSame) {
  const auto expect_refusal = [&](const std::string& part) {
    std::set<std::string> errors;
    for (const Words& words : commands()) {
      const Result result = run(words);
      EXPECT_EQ(result.code, 1) << words[0];
      expect_one_error(result.err);
      EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
      errors.insert(result.err);
    }
    EXPECT_EQ(errors.size(), 1U);
  };
  auto config = nlohmann::json::parse(read_file(path("model/config.json")));
  config["quantization_config"] = {{"quant_method", "awq"}};
  write_file(path("model/config.json"), config.dump());
  expect_refusal("quantised by AWQ; take the unquantised model");
  config["model_type"] = "llava";
  write_file(path("model/config.json"), config.dump());
  expect_refusal("found \"llava\"");
  fs::remove(path("model/tokenizer_config.json"));
  fs::create_symlink("../blobs/12", path("model/tokenizer_config.json"));
  expect_refusal("tokenizer_config.json leads to ../blobs/12, which is not there");
}

TEST_F(ModelFolder, AFileOfTheFolderIsAnsweredWithTheFolder) {
  const Result result = run({"info", model() + "/model.safetensors"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("found another file; give " + model() + "\n"), std::string::npos) << result.err;
}

TEST_F(ModelFolder, ALinkToNoModelIsNamed) {
  fs::create_symlink("nowhere", path("link"));
  const Result result = run({"info", "-m", path("link")});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("found a link to nowhere, which is not there"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace janus::test
