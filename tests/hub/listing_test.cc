// Which files of a repository make a model.
#include "cli/hub/listing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace janus::hub {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

const std::string kSha1 = "0123456789abcdef0123456789abcdef01234567";
const std::string kSha256 = kSha1 + "89abcdef0123456789abcdef";

Json listing_of(const Names& names) {
  Json siblings = Json::array();
  for (const std::string& name : names)
    siblings.push_back({{"rfilename", name}, {"size", 5}, {"blobId", kSha1}});
  return {{"sha", kSha1}, {"siblings", siblings}};
}

// An index names the numbered files of its format, or one that is not there.
Names needed(const Names& names) {
  const auto read_index = [&](const std::string& index) {
    Json weight_map = Json::object();
    for (const std::string& name : names) {
      const std::string ending = index.starts_with("model.") ? ".safetensors" : ".bin";
      if (name.find("-of-") != name.npos && name.ends_with(ending)) weight_map["a " + name] = name;
    }
    if (weight_map.empty()) weight_map["a"] = index.substr(0, index.rfind(".index")) + ".gone.safetensors";
    return Json{{"weight_map", weight_map}};
  };
  Names chosen;
  for (const RemoteFile& file :
       needed_files(parse_listing(listing_of(names).dump(), "test"), "test", read_index)) {
    chosen.push_back(file.name);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

TEST(NeededFiles, AreTheSettingsAndOneFormOfTheWeights) {
  EXPECT_EQ(needed({"README.md", ".gitattributes", "config.json", "generation_config.json",
                    "preprocessor_config.json", "processor_config.json", "special_tokens_map.json",
                    "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "model.safetensors",
                    "pytorch_model.bin", "model.gguf", "flax_model.msgpack", "original/model.safetensors",
                    "chat_template.jinja", "model.fp16.safetensors"}),
            (Names{"config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json",
                   "processor_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer.model",
                   "tokenizer_config.json"}));
}

TEST(NeededFiles, SafetensorsComeBeforePickles) {
  EXPECT_EQ(needed({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                    "model.safetensors.index.json", "pytorch_model-00001-of-00001.bin",
                    "pytorch_model.bin.index.json"}),
            (Names{"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                   "model.safetensors.index.json"}));
  // A file of another name is none that transformers looks for.
  EXPECT_EQ(needed({"config.json", "weights.safetensors", "pytorch_model.bin"}),
            (Names{"config.json", "pytorch_model.bin"}));
  EXPECT_EQ(needed({"config.json", "weights.safetensors"}), (Names{"config.json", "weights.safetensors"}));
}

TEST(NeededFiles, AnIndexWhoseFilesAreGoneIsPassedOver) {
  EXPECT_EQ(needed({"config.json", "model.safetensors", "model.safetensors.index.json"}),
            (Names{"config.json", "model.safetensors"}));
  EXPECT_EQ(needed({"config.json", "model.safetensors.index.json", "pytorch_model.bin"}),
            (Names{"config.json", "pytorch_model.bin"}));
  EXPECT_THROW(needed({"config.json", "model.safetensors.index.json"}), Error);
}

TEST(NeededFiles, PicklesServeWhereThereIsNothingElse) {
  EXPECT_EQ(needed({"config.json", "pytorch_model.bin", "optimizer.bin", "training_args.bin"}),
            (Names{"config.json", "pytorch_model.bin"}));
  EXPECT_EQ(needed({"config.json", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin",
                    "pytorch_model.bin.index.json"}),
            (Names{"config.json", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin",
                   "pytorch_model.bin.index.json"}));
}

TEST(NeededFiles, OneGgufIsAModelByItself) {
  EXPECT_EQ(needed({"README.md", "config.json", "model.gguf"}), Names{"model.gguf"});
  EXPECT_THROW(needed({"a.gguf", "b.gguf"}), Error);
}

TEST(NeededFiles, ARepositoryWithoutAModelIsRefused) {
  EXPECT_THROW(needed({"README.md"}), Error);
  EXPECT_THROW(needed({"config.json", "folder/model.safetensors"}), Error);
  EXPECT_THROW(needed({"model.safetensors"}), Error);
}

TEST(Listing, ReadsSizesAndHashes) {
  Json json = listing_of({"config.json", "model.safetensors", "a/b/c.txt"});
  json["siblings"][1]["lfs"] = {{"sha256", kSha256}, {"size", 5}};
  Listing listing = parse_listing(json.dump(), "test");
  EXPECT_EQ(listing.commit, kSha1);
  ASSERT_EQ(listing.files.size(), 2U);
  EXPECT_EQ(listing.files[0].hash, kSha1);
  EXPECT_EQ(listing.files[0].bytes, 5);
  EXPECT_EQ(listing.files[0].kind, DigestKind::sha1);
  EXPECT_EQ(listing.files[1].hash, kSha256);
  EXPECT_EQ(listing.files[1].kind, DigestKind::sha256);
  EXPECT_EQ(listing.others, Names{"a/b/c.txt"});
}

TEST(Listing, StatesTheLicenceOfTheCardOrTheTags) {
  Json json = listing_of({});
  EXPECT_EQ(parse_listing(json.dump(), "test").licence, "");
  json["tags"] = {"any-to-any", "license:mit", 5};
  EXPECT_EQ(parse_listing(json.dump(), "test").licence, "mit");
  json["cardData"] = {{"license", "other"}, {"license_name", "deepseek"}, {"license_link", "LICENSE"}};
  EXPECT_EQ(parse_listing(json.dump(), "test").licence, "deepseek (LICENSE)");
  json["cardData"] = {{"license", {"mit"}}};  // some cards hold a list
  EXPECT_EQ(parse_listing(json.dump(), "test").licence, "mit");
}

TEST(Listing, RefusesWhatCannotBe) {
  const auto refused = [](const auto& spoil) {
    Json json = listing_of({"config.json", "model.safetensors"});
    spoil(json);
    EXPECT_THROW(parse_listing(json.dump(), "test"), Error) << json;
  };
  refused([](Json& json) { json = Json::array(); });
  refused([](Json& json) { json.erase("sha"); });
  refused([](Json& json) { json["sha"] = "main"; });
  refused([](Json& json) { json["sha"] = kSha1 + "/"; });
  refused([](Json& json) { json.erase("siblings"); });
  refused([](Json& json) { json["siblings"][0] = "config.json"; });
  refused([](Json& json) { json["siblings"][1]["rfilename"] = "config.json"; });
  refused([](Json& json) { json["siblings"][0]["size"] = -1; });
  refused([](Json& json) { json["siblings"][0]["size"] = 1e300; });
  refused([](Json& json) { json["siblings"][0].erase("size"); });
  refused([](Json& json) { json["siblings"][0].erase("blobId"); });
  refused([](Json& json) { json["siblings"][0]["blobId"] = "../../../../../../../../../../../../etc/pwd"; });
  refused([](Json& json) { json["siblings"][0]["lfs"] = {{"sha256", kSha1}}; });
}

}  // namespace
}  // namespace janus::hub
