// Which files of a folder hold its weights, by names and indexes alone.
#include "core/checkpoint/weight_files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/core/model_files.h"

namespace janus {
namespace {

using Names = std::vector<std::string>;
using Indexes = std::map<std::string, Names>;  // index -> the files it names
using test::error_of;
using test::expect_error;

std::optional<WeightFiles> chosen(const Names& names, const Indexes& indexes = {}) {
  std::set<std::string> all(names.begin(), names.end());
  for (const auto& [index, files] : indexes) all.insert(index);
  const auto read_index = [&](const std::string& index) {
    nlohmann::json weight_map = nlohmann::json::object();
    for (const std::string& file : indexes.at(index)) weight_map["in " + file] = file;
    return nlohmann::json{{"weight_map", weight_map}};
  };
  return choose_weight_files(all, read_index, "model m", "download it");
}

Names files(const Names& names, const Indexes& indexes = {}) { return chosen(names, indexes)->files; }
std::string notice(const Names& names, const Indexes& indexes = {}) { return chosen(names, indexes)->notice; }
std::string fault(const Names& names, const Indexes& indexes = {}) {
  return error_of([&] { chosen(names, indexes); });
}

const std::string kIndex = "model.safetensors.index.json", kTorchIndex = "pytorch_model.bin.index.json";
const std::string kOne = "model-00001-of-00002.safetensors", kTwo = "model-00002-of-00002.safetensors";
const std::string kTorchOne = "pytorch_model-00001-of-00002.bin",
                  kTorchTwo = "pytorch_model-00002-of-00002.bin";

TEST(WeightFiles, TheFirstWholeSetIsReadInTheOrderOfTransformers) {
  Names names{"model.safetensors", kOne,    kTwo, "pytorch_model.bin", kTorchOne, kTorchTwo,
              "x.safetensors",     "m.gguf"};
  const Indexes both{{kIndex, {kOne, kTwo}}, {kTorchIndex, {kTorchOne, kTorchTwo}}};
  const auto drop = [&](const std::string& name) { std::erase(names, name); };
  EXPECT_EQ(files(names, both), Names{"model.safetensors"});
  drop("model.safetensors");
  EXPECT_EQ(files(names, both), (Names{kOne, kTwo}));
  EXPECT_EQ(chosen(names, both)->index, kIndex);
  drop(kTwo);
  EXPECT_EQ(files(names, both), Names{"pytorch_model.bin"});
  drop("pytorch_model.bin");
  EXPECT_EQ(files(names, both), (Names{kTorchOne, kTorchTwo}));
  drop(kTorchOne);
  drop(kOne);
  EXPECT_EQ(files(names, {{kTorchIndex, {kTorchOne, kTorchTwo}}}), Names{"x.safetensors"});
  drop("x.safetensors");
  drop(kTorchTwo);
  EXPECT_EQ(files(names), Names{"m.gguf"});
  EXPECT_EQ(chosen(names)->format, WeightFormat::gguf);
  EXPECT_FALSE(chosen({"config.json", "training_args.bin", "optimizer.pt"}).has_value());
}

TEST(WeightFiles, HiddenNamesAreNone) {
  EXPECT_EQ(files({"._janus.safetensors", "janus.safetensors"}), Names{"janus.safetensors"});
  EXPECT_EQ(notice({"._model.safetensors", "model.safetensors"}), "");
}

TEST(WeightFiles, SaysWhatIsPassedOver) {
  EXPECT_EQ(notice({"model.safetensors", "config.json", "training_args.bin"}), "");
  EXPECT_EQ(notice({kOne, kTwo}, {{kIndex, {kOne, kTwo}}}), "");
  EXPECT_EQ(notice({"model.safetensors"}, {{kIndex, {"model.safetensors"}}}), "");
  EXPECT_EQ(notice({"model.safetensors", "pytorch_model.bin"}),
            "weights: model.safetensors read, passed over: pytorch_model.bin");
  EXPECT_EQ(notice({"model.safetensors", kOne}, {{kIndex, {kOne, kTwo}}}),
            "weights: model.safetensors read, passed over: " + kOne + ", " + kIndex + " (names " + kTwo +
                ", not there)");
  EXPECT_EQ(notice({"model.safetensors", "consolidated.safetensors"}),
            "weights: model.safetensors read, passed over: consolidated.safetensors");
}

TEST(WeightFiles, AnIndexThatCannotBeFollowedLeavesOtherWholeSets) {
  const std::string a = "model-00001-of-00003.safetensors";
  EXPECT_EQ(files({kOne, kTwo}, {{kIndex, {a}}}),
            (Names{kOne, kTwo}));  // numbered whole, but not the index's
  EXPECT_EQ(files({kOne, kTwo}, {{kIndex, {kTorchOne, kTorchTwo}}}), (Names{kOne, kTwo}));
  expect_error(fault({"a.safetensors"}, {{kIndex, {"a.safetensors", "b.safetensors"}}}),
               {"model m: expected b.safetensors, which model.safetensors.index.json names", "download it"});
}

TEST(WeightFiles, AnIndexMayWriteItsPathsOtherwiseAndLeaveFilesOut) {
  EXPECT_EQ(files({kOne, kTwo}, {{kIndex, {"./" + kOne, ".//" + kTwo}}}), (Names{kOne, kTwo}));
  EXPECT_EQ(files({kOne, kTwo}, {{kIndex, {kOne}}}), (Names{kOne, kTwo}));
  expect_error(fault({kOne, kTwo}, {{kIndex, {kOne, "../" + kTwo}}}),
               {"expected ../" + kTwo, "no such file in the folder itself; put all"});
  expect_error(fault({kOne}, {{kIndex, {kOne, "/etc/passwd.safetensors"}}}), {"/etc/passwd.safetensors"});
  EXPECT_EQ(files({"model.safetensors"}, {{kIndex, {"../" + kTwo}}}), Names{"model.safetensors"});
}

TEST(WeightFiles, NamesWhatIsNotThere) {
  expect_error(fault({kOne}, {{kIndex, {kOne, kTwo}}}), {"expected " + kTwo + ", which", "download it"});
  expect_error(fault({kOne}), {"expected " + kTwo + " beside " + kOne, "download it"});
  expect_error(fault({kTorchTwo}), {"expected " + kTorchOne + " beside " + kTorchTwo});
  Names many;
  for (int k = 1; k <= 9; ++k) many.push_back("model-0000" + std::to_string(k) + "-of-00009.safetensors");
  expect_error(fault({}, {{kIndex, many}}), {"model-00004-of-00009.safetensors and 5 more, which"});
  expect_error(fault({"a.gguf", "b.gguf"}), {"found a.gguf, b.gguf; give -m the path of one"});
}

TEST(WeightFiles, ABrokenIndexIsAnErrorWhereNothingElseIsWhole) {
  const auto read_index = [](const std::string&) -> nlohmann::json { return {{"weight_map", {{"a", 5}}}}; };
  expect_error(error_of([&] {
                 choose_weight_files({kIndex, "x.bin"}, read_index, "model m", "download it");
               }),
               {"model m: " + kIndex + ": weight_map: a", "found 5", "download"});
  const auto beside =
      choose_weight_files({kIndex, "model.safetensors"}, read_index, "model m", "download it");
  // Whatever the reason, a later set is none that was asked for.
  expect_error(error_of([&] {
                 choose_weight_files({kIndex, "pytorch_model.bin"}, read_index, "model m", "download it");
               }),
               {kIndex + ": weight_map: a"});
  EXPECT_EQ(beside->notice, "weights: model.safetensors read, passed over: " + kIndex + " (cannot be read)");
}

}  // namespace
}  // namespace janus
