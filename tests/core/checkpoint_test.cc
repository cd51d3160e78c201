#include "core/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tests/core/model_files.h"
#include "tests/core/torch_file.h"

namespace janus {
namespace {

using test::error_of;
using test::expect_error;
using test::safetensors_file;
using test::TemporaryFolder;
using test::torch_file;

const std::string kTwoBytes = "ab";

std::string open_error(const TemporaryFolder& folder) {
  return error_of([&] { Checkpoint::open(folder.path()); });
}

std::vector<std::string> names(const Checkpoint& checkpoint) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : checkpoint.tensors()) result.push_back(name);
  return result;
}

TEST(Checkpoint, OpensConfigAndTensors) {
  const TemporaryFolder folder;
  folder.write("config.json", R"({"model_type": "janus"})");
  folder.write("model.safetensors",
               safetensors_file({{"b", "F16", {1}, kTwoBytes}, {"a", "BF16", {1}, kTwoBytes}}));
  folder.write("notes.txt", "");
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.config().at("model_type"), "janus");
  EXPECT_EQ(names(checkpoint), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(checkpoint.find("b").file, "model.safetensors");
  EXPECT_EQ(checkpoint.files().files(),
            (std::vector<std::string>{"config.json", "model.safetensors", "notes.txt"}));
  EXPECT_TRUE(checkpoint.contains("a"));
  EXPECT_FALSE(checkpoint.contains("c"));
}

TEST(Checkpoint, ListsTensorsThatNobodyRead) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("model.safetensors",
               safetensors_file({{"b", "F16", {1}, kTwoBytes}, {"a", "F16", {1}, kTwoBytes}}));
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  const Checkpoint copy = checkpoint;
  EXPECT_EQ(checkpoint.unread(), (std::vector<std::string>{"a", "b"}));
  copy.mark_read("a");
  EXPECT_EQ(checkpoint.unread(), std::vector<std::string>{"b"});
}

TEST(Checkpoint, NamesAMissingTensorAndTheFilesSearched) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("one.safetensors", safetensors_file({{"a", "F16", {1}, kTwoBytes}}));
  folder.write("two.safetensors", safetensors_file({{"b", "F16", {1}, kTwoBytes}}));
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  expect_error(error_of([&] { checkpoint.find("lm_head.weight"); }),
               {"lm_head.weight: expected this tensor", "one.safetensors, two.safetensors"});
}

TEST(Checkpoint, RefusesPathsThatAreNoModel) {
  const TemporaryFolder folder, other;
  expect_error(error_of([&] { Checkpoint::open(folder.path() + "/nowhere"); }),
               {folder.path() + "/nowhere: no such folder", "download"});
  const std::string file = other.write("model.gguf", "x");
  expect_error(error_of([&] { Checkpoint::open(file); }), {file, "expected a GGUF file", "\"x\""});
  expect_error(error_of([&] { Checkpoint::open(""); }), {"no such folder"});
  expect_error(error_of([&] { Checkpoint::open(file + "/config.json"); }), {file});
  expect_error(open_error(folder), {folder.path(), "expected config.json"});
}

TEST(Checkpoint, RefusesABrokenConfig) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", safetensors_file({}));
  folder.write("config.json", "");
  expect_error(open_error(folder), {folder.path() + "/config.json", "empty file", "download it again"});
  folder.write("config.json", "{\n\"a\": }");
  expect_error(open_error(folder), {folder.path() + "/config.json: line 2, column 6"});
  folder.write("config.json", "[1]");
  expect_error(open_error(folder), {folder.path() + "/config.json: expected a JSON object, found [1]"});
}

TEST(Checkpoint, SaysWhichWeightsItLooksFor) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  expect_error(open_error(folder), {folder.path(), "*.safetensors", "pytorch_model*.bin", "found neither"});
  folder.write("MODEL.Safetensors", "");
  expect_error(open_error(folder), {"found MODEL.Safetensors", "rename it to model.safetensors"});
  std::filesystem::remove(folder.path() + "/MODEL.Safetensors");
  folder.write("model.pth", "PK");
  expect_error(open_error(folder), {"*.safetensors", "found model.pth", "rename it to pytorch_model.bin"});
}

TEST(Checkpoint, OpensTorchPicklesAndPrefersSafetensors) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("training_args.bin", "no weights");
  folder.write("pytorch_model.bin",
               torch_file({{.name = "p", .type = "HalfStorage", .sizes = {1}, .bytes = kTwoBytes}}));
  const Checkpoint pickled = Checkpoint::open(folder.path());
  EXPECT_EQ(names(pickled), std::vector<std::string>{"p"});
  EXPECT_EQ(pickled.find("p").file, "pytorch_model.bin");
  folder.write("model.safetensors", safetensors_file({{"s", "F16", {1}, kTwoBytes}}));
  EXPECT_EQ(names(Checkpoint::open(folder.path())), std::vector<std::string>{"s"});
}

TEST(Checkpoint, VerifiesTensorsOfPicklesWhenAsked) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  auto parts =
      test::state_dict_parts({{.name = "p", .type = "HalfStorage", .sizes = {1}, .bytes = kTwoBytes}});
  parts[2].crc = 1;
  folder.write("pytorch_model.bin", test::ZipFile(parts).bytes());
  EXPECT_EQ(open_error(folder), "");
  expect_error(error_of([&] { Checkpoint::open(folder.path(), {.verify = true}); }),
               {"pytorch_model.bin", "checksum 00000001", "archive/data/0"});
}

TEST(Checkpoint, AFileOfNoTensorsIsFoundWhenOneIsAsked) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("model.safetensors", test::safetensors_bytes("{}"));
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  expect_error(error_of([&] { checkpoint.find("a"); }), {"a: expected this tensor", "no tensors at all"});
}

TEST(Checkpoint, NamesTheBrokenFile) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  const std::string whole = safetensors_file({{"a", "F16", {1}, kTwoBytes}});
  folder.write("model.safetensors", whole.substr(0, whole.size() - 1));
  expect_error(open_error(folder), {folder.path() + "/model.safetensors", "\"a\"", "download it again"});
  folder.write("model.safetensors", "");
  expect_error(open_error(folder),
               {folder.path() + "/model.safetensors", "found 0 bytes", "download it again"});
}

TEST(Checkpoint, KnowsAnIncompleteDownload) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("model-00002-of-00003.safetensors", safetensors_file({{"a", "F16", {1}, kTwoBytes}}));
  folder.write("model-00001-of-00003.safetensors", safetensors_file({{"b", "F16", {1}, kTwoBytes}}));
  expect_error(open_error(folder), {"expected model-00003-of-00003.safetensors beside", "download it"});
  folder.write("model-00003-of-00003.safetensors",
               "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n");
  expect_error(open_error(folder), {"model-00003-of-00003.safetensors", "Git LFS pointer", "git lfs pull"});
  folder.write("model-00003-of-00003.safetensors", safetensors_file({{"c", "F16", {1}, kTwoBytes}}));
  EXPECT_EQ(names(Checkpoint::open(folder.path())), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Checkpoint, RefusesATensorInTwoFiles) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("x.safetensors", safetensors_file({{"a", "F16", {1}, kTwoBytes}}));
  folder.write("y.safetensors", safetensors_file({{"a", "F16", {1}, kTwoBytes}}));
  expect_error(open_error(folder), {"a in both x.safetensors and y.safetensors"});
}

class ShardsTest : public ::testing::Test {
 protected:
  ShardsTest() {
    folder_.write("config.json", "{}");
    folder_.write("m-1.safetensors", safetensors_file({{"a", "F16", {1}, kTwoBytes}}));
    folder_.write("m-2.safetensors", safetensors_file({{"b", "F16", {1}, kTwoBytes}}));
  }
  void index(const std::string& weight_map) const {
    folder_.write("model.safetensors.index.json", R"({"metadata": {}, "weight_map": )" + weight_map + "}");
  }

  const TemporaryFolder folder_;
};

TEST_F(ShardsTest, OpensTheFilesOfTheIndexAlone) {
  folder_.write("other.safetensors", "not even a header");
  index(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})");
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(names(checkpoint), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(checkpoint.find("b").file, "m-2.safetensors");
}

TEST_F(ShardsTest, RefusesShardsThatAreNotThere) {
  index(R"({"a": "m-1.safetensors", "b": "m-3.safetensors"})");
  expect_error(open_error(folder_),
               {"expected m-3.safetensors", "model.safetensors.index.json", "no such file"});
  index(R"({"a": "m-1.safetensors", "b": "../m-2.safetensors"})");  // shards lie in the folder itself
  expect_error(open_error(folder_), {"expected ../m-2.safetensors", "no such file"});
}

TEST_F(ShardsTest, ReadsAllTensorsOfItsFilesWhateverTheIndexLists) {
  const auto opened = [&] { return names(Checkpoint::open(folder_.path())); };
  index(R"({"a": "m-1.safetensors", "c": "m-2.safetensors"})");
  EXPECT_EQ(opened(), (std::vector<std::string>{"a", "b"}));
  index(R"({"a": "./m-2.safetensors", "b": "./m-1.safetensors"})");
  EXPECT_EQ(opened(), (std::vector<std::string>{"a", "b"}));
  // Of a tensor in both the index tells which counts; without that it is refused.
  folder_.write("m-2.safetensors",
                safetensors_file({{"a", "BF16", {1}, kTwoBytes}, {"b", "F16", {1}, kTwoBytes}}));
  index(R"({"a": "m-2.safetensors", "b": "m-2.safetensors", "c": "m-1.safetensors"})");
  EXPECT_EQ(Checkpoint::open(folder_.path()).find("a").type, "BF16");
  index(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})");
  EXPECT_EQ(Checkpoint::open(folder_.path()).find("a").type, "F16");
  index(R"({"c": "m-1.safetensors", "b": "m-2.safetensors"})");
  expect_error(open_error(folder_), {"found a in both m-1.safetensors and m-2.safetensors", "remove one"});
}

TEST_F(ShardsTest, RefusesABrokenIndex) {
  folder_.write("model.safetensors.index.json", "{}");
  expect_error(open_error(folder_), {"model.safetensors.index.json: weight_map", "no such key"});
  index("[]");
  expect_error(open_error(folder_), {"model.safetensors.index.json: weight_map", "found []"});
  index("{}");
  expect_error(open_error(folder_), {"model.safetensors.index.json: weight_map", "none"});
  index(R"({"a": 5})");
  expect_error(open_error(folder_), {"model.safetensors.index.json: weight_map: a", "found 5"});
  index(R"({"a": null})");
  expect_error(open_error(folder_), {"model.safetensors.index.json: weight_map: a"});
}

// The same of torch pickles: the index and the numbers in names mean the same.
class PickleShardsTest : public testing::Test {
 protected:
  PickleShardsTest() {
    folder_.write("config.json", "{}");
    for (const char* number : {"1", "2"}) {
      folder_.write(std::string("pytorch_model-0000") + number + "-of-00002.bin",
                    torch_file({{.name = number, .type = "HalfStorage", .sizes = {1}, .bytes = kTwoBytes}}));
    }
  }
  void index(const std::string& one, const std::string& two) const {
    folder_.write("pytorch_model.bin.index.json",
                  R"({"metadata": {"total_size": 4}, "weight_map": {"1": "pytorch_model-0000)" + one +
                      R"(-of-00002.bin", "2": "pytorch_model-0000)" + two + R"(-of-00002.bin"}})");
  }

  const TemporaryFolder folder_;
};

TEST_F(PickleShardsTest, OpenWithAndWithoutTheIndex) {
  EXPECT_EQ(names(Checkpoint::open(folder_.path())), (std::vector<std::string>{"1", "2"}));
  index("1", "2");
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(names(checkpoint), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(checkpoint.find("2").file, "pytorch_model-00002-of-00002.bin");
}

TEST_F(PickleShardsTest, MissingAndWrongShardsAreNamed) {
  index("1", "3");  // by their numbers the files are all there
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(names(checkpoint), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(checkpoint.take_notes().size(), 1U);
  EXPECT_TRUE(checkpoint.take_notes().empty());
  index("1", "2");
  std::filesystem::remove(folder_.path() + "/pytorch_model-00002-of-00002.bin");
  expect_error(open_error(folder_), {"pytorch_model-00002-of-00002.bin", "no such file"});
  std::filesystem::remove(folder_.path() + "/pytorch_model.bin.index.json");
  expect_error(open_error(folder_),
               {"pytorch_model-00002-of-00002.bin beside pytorch_model-00001-of-00002.bin"});
}

TEST_F(PickleShardsTest, ATensorOfTwoShardsIsNamed) {
  folder_.write("pytorch_model-00002-of-00002.bin",
                torch_file({{.name = "1", .type = "HalfStorage", .sizes = {1}, .bytes = kTwoBytes}}));
  expect_error(open_error(folder_), {"found 1 in both", "pytorch_model-00001-of-00002.bin"});
}

TEST(FileSet, ListsFilesAndLinksButNotFolders) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "hello");
  std::filesystem::create_directory(folder.path() + "/inner");
  std::filesystem::create_symlink(file, folder.path() + "/b.txt");
  std::filesystem::create_symlink("nowhere", folder.path() + "/dangling.txt");
  expect_error(error_of([&] { FileSet::folder(folder.path()); }), {"dangling.txt leads to nowhere"});
  std::filesystem::remove(folder.path() + "/dangling.txt");
  const FileSet files = FileSet::folder(folder.path());
  EXPECT_EQ(files.files(), (std::vector<std::string>{"a.txt", "b.txt"}));
  EXPECT_EQ(files.read("b.txt").bytes.size(), 5U);
  EXPECT_EQ(files.name(), folder.path());
  expect_error(error_of([&] { files.read("inner"); }), {"inner: no such file"});
  std::filesystem::remove(file);
  expect_error(error_of([&] { files.read("a.txt"); }), {file, "opened", "No such file"});
}

TEST(FileSet, MappedBytesOutliveTheSet) {
  const TemporaryFolder folder;
  folder.write("a.txt", "hello");
  folder.write("empty", "");
  FileBytes bytes = FileSet::folder(folder.path()).read("a.txt");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()), "hello");
  EXPECT_TRUE(FileSet::folder(folder.path()).read("empty").bytes.empty());
}

TEST(FileSet, ServesBuiltInFiles) {
  static const std::string weights = safetensors_file({{"a", "F16", {1}, kTwoBytes}});
  static const std::string config = R"({"x": 1})";
  const FileSet files =
      FileSet::builtin("tiny (built in)", {{"config.json", std::as_bytes(std::span(config))},
                                           {"model.safetensors", std::as_bytes(std::span(weights))}});
  EXPECT_EQ(files.files(), (std::vector<std::string>{"config.json", "model.safetensors"}));
  EXPECT_EQ(files.json("config.json").at("x"), 1);
  EXPECT_EQ(Checkpoint::open(files).tensors().size(), 1U);
  expect_error(error_of([&] { files.read("tokenizer.json"); }), {"tiny (built in): tokenizer.json"});
}

}  // namespace
}  // namespace janus
