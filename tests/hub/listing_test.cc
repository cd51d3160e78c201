// Which files of a repository make a model.
#include "cli/hub/listing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
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

// Indexes by name; what is not there is an empty index.
using Indexes = std::map<std::string, Json>;

Json index_of(const Names& files) {
  Json index;
  for (const std::string& file : files) index["weight_map"]["tensor of " + file] = file;
  return index;
}

Names needed(const Names& names, const Indexes& indexes = {}) {
  Names chosen;
  const auto fetch = [&](const RemoteFile& file) { return indexes.at(file.name).dump(); };
  for (const RemoteFile& file :
       needed_files(parse_listing(listing_of(names).dump(), "test"), fetch, "test")) {
    chosen.push_back(file.name);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string refusal(const Names& names, const Indexes& indexes = {}) {
  try {
    needed(names, indexes);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
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
  const Names shards{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
  // The pickles' index is not asked for.
  EXPECT_EQ(needed({"config.json", "tokenizer.json", shards[0], shards[1], "model.safetensors.index.json",
                    "pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json"},
                   {{"model.safetensors.index.json", index_of(shards)}}),
            (Names{"config.json", shards[0], shards[1], "model.safetensors.index.json", "tokenizer.json"}));
  EXPECT_EQ(needed({"config.json", "tokenizer.model", "weights.safetensors"}),
            (Names{"config.json", "tokenizer.model", "weights.safetensors"}));
}

TEST(NeededFiles, PicklesServeWhereThereIsNothingElse) {
  EXPECT_EQ(
      needed({"config.json", "tokenizer.json", "pytorch_model.bin", "optimizer.bin", "training_args.bin"}),
      (Names{"config.json", "pytorch_model.bin", "tokenizer.json"}));
  const Names shards{"pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"};
  EXPECT_EQ(needed({"config.json", "tokenizer.json", shards[0], shards[1], "pytorch_model.bin.index.json"},
                   {{"pytorch_model.bin.index.json", index_of(shards)}}),
            (Names{"config.json", shards[0], shards[1], "pytorch_model.bin.index.json", "tokenizer.json"}));
}

// As transformers does, and as loading does of a folder.
TEST(NeededFiles, OfTwoSavesTheWholeOneIsTaken) {
  const Names lost{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
  const Indexes indexes{{"model.safetensors.index.json", index_of(lost)}};
  EXPECT_EQ(
      needed({"config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"}, indexes),
      (Names{"config.json", "model.safetensors", "tokenizer.json"}));
  EXPECT_EQ(needed({"config.json", "tokenizer.json", lost[0], lost[1], "model.safetensors",
                    "model.safetensors.index.json"},
                   indexes),
            (Names{"config.json", "model.safetensors", "tokenizer.json"}));
  EXPECT_EQ(needed({"config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"},
                   {{"model.safetensors.index.json", index_of({"model.safetensors"})}}),
            (Names{"config.json", "model.safetensors", "model.safetensors.index.json", "tokenizer.json"}));
  EXPECT_EQ(
      needed({"config.json", "tokenizer.json", "pytorch_model.bin", lost[0], "model.safetensors.index.json"},
             indexes),
      (Names{"config.json", "pytorch_model.bin", "tokenizer.json"}));
  const std::string text =
      refusal({"config.json", "tokenizer.json", lost[0], "model.safetensors.index.json"}, indexes);
  EXPECT_NE(text.find(lost[1]), std::string::npos) << text;
  EXPECT_NE(text.find("choose another"), std::string::npos) << text;
}

TEST(NeededFiles, AnIndexThatCannotBeFetchedIsTheEnd) {
  const auto fetch = [](const RemoteFile&) -> std::string { throw Error("no network"); };
  const Listing listing = parse_listing(
      listing_of({"config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"})
          .dump(),
      "test");
  try {
    needed_files(listing, fetch, "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no network");
  }
}

TEST(NeededFiles, OneGgufIsAModelByItself) {
  EXPECT_EQ(needed({"README.md", "config.json", "model.gguf"}), Names{"model.gguf"});
  EXPECT_THROW(needed({"a.gguf", "b.gguf"}), Error);
}

TEST(NeededFiles, ARepositoryWithoutAModelIsRefused) {
  EXPECT_THROW(needed({"README.md"}), Error);
  EXPECT_THROW(needed({"config.json", "folder/model.safetensors"}), Error);
  EXPECT_THROW(needed({"model.safetensors"}), Error);
  EXPECT_NE(refusal({"config.json", "model.safetensors"}).find("tokenizer.json or tokenizer.model"),
            std::string::npos);
  EXPECT_NE(refusal({"adapter_config.json", "adapter_model.safetensors", "config.json", "tokenizer.json"})
                .find("PEFT adapter"),
            std::string::npos);
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
