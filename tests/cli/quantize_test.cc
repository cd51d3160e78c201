// janus quantize: one file that is the model, whole or not there at all.
#include <sys/mount.h>
#include <sys/resource.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/quant/format.h"
#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

// Rows of 96, 64 and others: some take q8_0, some do not.
const std::string kMixed = std::string(JANUS_TEST_DATA) + "/models/grouped-query";

class Quantize : public InFolder {
 protected:
  Result quantize(const std::string& model, const std::string& name, std::vector<std::string> words) const {
    words.insert(words.begin(), {"quantize", model, "-o", path(name)});
    return run(words);
  }
  std::string made(const std::string& model, const std::string& name, std::vector<std::string> words) const {
    words.emplace_back("-q");
    const Result result = quantize(model, name, words);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out + result.err, "");
    return path(name);
  }
  // What `words` print about an image or codes, without what differs from run to run.
  static std::string printed(std::vector<std::string> words, const std::vector<std::string>& model) {
    words.insert(words.end(), model.begin(), model.end());
    words.emplace_back("-q");
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
  std::string codes(const std::vector<std::string>& model) const {
    printed({"generate", "a red circle", "-o", path("x.png"), "--codes-out", path("x.json")}, model);
    return read_file(path("x.json"));
  }
};

TEST_F(Quantize, TheFileIsTheModelForEveryCommand) {
  const std::string file = made(kMixed, "m.gguf", {});
  const std::string image = image_file("p.png"), other = path("codes.json");
  const std::vector<std::string> folder = {"-m", kMixed}, gguf = {"-m", file};
  EXPECT_EQ(printed({"encode", image, "-o", path("a.json")}, folder),
            printed({"encode", image, "-o", other}, gguf));
  EXPECT_EQ(read_file(path("a.json")), read_file(other));
  EXPECT_EQ(codes(folder), codes(gguf));
  const std::vector<std::vector<std::string>> commands = {{"tokenize", "a red circle"},
                                                          {"describe", image, "-n", "5"},
                                                          {"embed", image, "-o", "-"},
                                                          {"decode", other, "-o", "-"},
                                                          {"score", "--image", image, "--text", "red"},
                                                          {"score", "-p", "a red circle", "--codes", other}};
  for (const auto& words : commands) EXPECT_EQ(printed(words, folder), printed(words, gguf)) << words[0];
}

TEST_F(Quantize, TheFileGivesWhatTypeGivesWhileLoading) {
  for (const DType dtype : weight_types()) {
    const std::string type = name_of(dtype);
    const std::string file = made(kMixed, "m.gguf", {"--type", type});
    // The cache of --type f32 is f32, also for a file that holds f32.
    const std::string loaded = type == "f32" ? type : "native";
    EXPECT_EQ(codes({"-m", kMixed, "--type", type}), codes({"-m", file, "--type", loaded})) << type;
  }
}

TEST_F(Quantize, TheBuiltInModelInEveryBlockFormat) {
  if (!JANUS_WITH_SENTENCEPIECE) GTEST_SKIP() << "the built-in model needs SentencePiece";
  codes({});
  std::filesystem::rename(path("x.json"), path("native.json"));
  const auto scores = [&](const std::vector<std::string>& model) {
    return printed({"score", "-p", "a red circle", "--codes", path("native.json")}, model);
  };
  std::string before = scores({});
  for (const DType dtype : block_types()) {
    const std::string type = name_of(dtype), name = type + ".gguf";
    const Result result = run({"quantize", "-o", path(name), "--type", type, "--json", "-q"});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json record = Json::parse(result.out);
    EXPECT_EQ(record["type"], type);
    EXPECT_EQ(record["bytes"], std::filesystem::file_size(path(name)));
    EXPECT_TRUE(record["parts"]["language"].contains(type)) << record;
    EXPECT_TRUE(record["parts"]["vision"].contains("q8_0")) << record;
    EXPECT_TRUE(record["parts"]["heads"].contains("q8_0")) << record;
    EXPECT_FALSE(record["parts"]["vq"].contains("q8_0")) << record;
    const std::string loaded = scores({"--type", type});
    EXPECT_EQ(loaded, scores({"-m", path(name)})) << type;
    EXPECT_NE(loaded, before) << type;  // it is not the type before
    before = loaded;
  }
  EXPECT_EQ(codes({"--type", "q4_k"}), codes({"-m", path("q4_k.gguf")}));
}

TEST_F(Quantize, BothLayoutsHaveNamesThatFit) {
  const std::string original = std::string(JANUS_TEST_DATA) + "/models/original-pro";
  const std::string file = made(original, "m.gguf", {});
  const std::string bytes = read_file(file);
  // gen_vision_model.decoder.conv_blocks.1.res.0.nin_shortcut.weight has 64 bytes.
  EXPECT_NE(bytes.find("janus.prefix.vq"), std::string::npos);
  EXPECT_NE(bytes.find("vq.quant_conv.weight"), std::string::npos);
  EXPECT_EQ(bytes.find("gen_vision_model."), std::string::npos);
  EXPECT_EQ(codes({"-m", original}), codes({"-m", file}));
}

TEST_F(Quantize, ListsRowsThatNoBlockFits) {
  const Result result = quantize(kMixed, "m.gguf", {"--type", "q8_0", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json record = Json::parse(result.out);
  ASSERT_FALSE(record["fallbacks"].empty());
  for (const Json& fallback : record["fallbacks"]) {
    EXPECT_NE(fallback["row"].get<int>() % 32, 0);
    EXPECT_NE(fallback["type"], "q8_0");
    const std::string line = fallback["tensor"].get<std::string>() + ": rows of " + fallback["row"].dump();
    EXPECT_NE(result.err.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(record["parameters"], Json::parse(run({"info", path("m.gguf"), "--json"}).out)["parameters"]);
}

TEST_F(Quantize, InfoTellsTheTypesOfParts) {
  made(kMixed, "m.gguf", {"--type", "q8_0", "--keep", "vision=f32,heads=bf16"});
  const Json record = Json::parse(run({"info", path("m.gguf"), "--json"}).out);
  EXPECT_EQ(record["parts"]["vision"].size(), 1U);
  EXPECT_TRUE(record["parts"]["vision"].contains("f32"));
  EXPECT_TRUE(record["parts"]["heads"].contains("bf16"));
  EXPECT_FALSE(record["parts"]["heads"].contains("q8_0"));
  EXPECT_TRUE(record["parts"]["language"].contains("q8_0"));
  const std::string text = run({"info", path("m.gguf")}).out;
  EXPECT_NE(text.find("  vision     f32"), std::string::npos) << text;
}

TEST_F(Quantize, RefusesToMakeMoreOfLess) {
  const std::string file = made(kMixed, "m.gguf", {"--type", "q8_0"});
  for (const char* type : {"f32", "f16", "bf16"}) {
    const Result result = run({"describe", image_file("p.png"), "-m", file, "--type", type, "-q"});
    EXPECT_EQ(result.code, 1) << type;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("expected native, or one smaller than the q8_0"), std::string::npos)
        << result.err;
  }
  EXPECT_EQ(run({"describe", image_file("p.png"), "-m", file, "--type", "q4_k", "-q", "-n", "1"}).code, 0);
}

TEST_F(Quantize, RefusesWrongCommandLines) {
  const std::vector<std::vector<std::string>> wrong = {
      {"quantize", kMixed},
      {"quantize", kMixed, "-o", path("m.bin")},
      {"quantize", kMixed, "-o", "-"},
      {"quantize", kMixed, "-o", path("m.gguf"), "--type", "q3_k"},
      {"quantize", kMixed, "-o", path("m.gguf"), "--keep", "vision"},
      {"quantize", kMixed, "-o", path("m.gguf"), "--keep", "eyes=f16"},
      {"quantize", kMixed, "-o", path("m.gguf"), "--keep", "vision=f8"},
      {"quantize", kMixed, "-o", path("m.gguf"), "--keep", "vision=f16,"},
      {"quantize", kMixed, "-o", path("m.gguf"), "--keep", "vq=q8_0"},
      {"quantize", "--config", "janus-9b", "-o", path("m.gguf")},
      {"quantize", kMixed, "--config", "janus-pro-1b", "-o", path("m.gguf")},
      {"quantize", "-m", kMixed, "--config", "janus-pro-1b", "-o", path("m.gguf")}};
  for (const auto& words : wrong) {
    const Result result = run(words);
    EXPECT_EQ(result.code, 2) << result.err;
    expect_one_error(result.err);
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(Quantize, LeavesItsSourceAlone) {
  const std::string file = made(kMixed, "m.gguf", {});
  const std::string before = read_file(file);
  std::filesystem::create_symlink(file, path("link.gguf"));
  std::filesystem::create_hard_link(file, path("twin.gguf"));
  for (const char* name : {"m.gguf", "link.gguf", "twin.gguf"}) {
    const Result result = quantize(file, name, {"--type", "q8_0", "-q"});
    EXPECT_EQ(result.code, 1) << name;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("expected another file than the input"), std::string::npos) << result.err;
  }
  EXPECT_TRUE(read_file(file) == before);
  EXPECT_EQ(names().size(), 3U);
  // Over another file it is written in one step, which keeps the mode.
  const std::string again = read_file(made(file, "again.gguf", {}));
  write_file(path("old.gguf"), "old");
  std::filesystem::permissions(path("old.gguf"), std::filesystem::perms(0640));
  made(file, "old.gguf", {});
  EXPECT_TRUE(read_file(path("old.gguf")) == again);
  EXPECT_EQ(std::filesystem::status(path("old.gguf")).permissions(), std::filesystem::perms(0640));
}

void expect_no_room(const Result& result) {
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("expected room for"), std::string::npos) << result.err;
}

// What a stranger's folder links to is not put into a file that is passed on.
TEST_F(Quantize, TakesNoFileThatIsNotTheModels) {
  namespace fs = std::filesystem;
  write_file(path("private"), "a secret");
  fs::create_directories(path("m"));
  const auto refused = [&](const std::string& model, const std::string& name) {
    const Result result = quantize(model, "x.gguf", {"-q"});
    EXPECT_EQ(result.code, 1) << name;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(name + ": expected a file of the model itself"), std::string::npos)
        << result.err;
    EXPECT_FALSE(fs::exists(path("x.gguf")));
  };
  for (const char* name : {"chat_template.jinja", "LICENSE", "generation_config.json", "config.json",
                           "tokenizer.json", "model.safetensors"}) {
    const std::string model = path("m/") + name;
    fs::copy(kModel, model);
    const bool own = fs::exists(model + "/" + name);
    if (own) fs::rename(model + "/" + name, path("m/") + name + ".moved");
    fs::create_symlink(own ? path("m/") + name + ".moved" : path("private"), model + "/" + name);
    EXPECT_EQ(run({"info", model}).code, 0);  // to be read, a link may lead anywhere
    refused(model, name);
  }
  // Folders look like the hub's cache, and lead out of it.
  const std::string model = path("hub/snapshots/c");
  fs::create_directories(path("hub/blobs"));
  fs::create_directories(path("hub/snapshots"));
  fs::copy(kModel, model);
  for (const char* target :
       {"../../../private", "../../blobs/../../private", "../../blobs/link", "../../refs"}) {
    fs::create_symlink(target, model + "/LICENSE");
    if (!fs::exists(path("hub/blobs/link"))) fs::create_symlink("../../private", path("hub/blobs/link"));
    if (!fs::exists(path("hub/refs"))) write_file(path("hub/refs"), "no blob");
    refused(model, "LICENSE");
    fs::remove(model + "/LICENSE");
  }
  // The hub's own, and those within the folder.
  write_file(path("hub/blobs/1234"), "the licence");
  fs::create_symlink("../../blobs/1234", model + "/LICENSE");
  fs::create_directory(model + "/more");
  write_file(model + "/more/t", "a template");
  fs::create_symlink("more/t", model + "/chat_template.jinja");
  fs::create_directory_symlink(model, path("linked"));
  for (const std::string& place : {model, path("linked")})
    EXPECT_EQ(quantize(place, "x.gguf", {"-q"}).code, 0);
  EXPECT_NE(read_file(path("x.gguf")).find("a template"), std::string::npos);
  // A folder that holds one file.
  fs::create_directory(path("one"));
  fs::create_symlink(path("x.gguf"), path("one/model.gguf"));
  const Result result = quantize(path("one"), "y.gguf", {"-q"});
  EXPECT_NE(result.err.find("expected a file of the model itself"), std::string::npos) << result.err;
}

TEST_F(Quantize, AFileThatMayNotGrowLeavesNothing) {
  write_file(path("m.gguf"), "old");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 20000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result result = quantize(kMixed, "m.gguf", {"-q"});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  expect_no_room(result);
  EXPECT_EQ(names(), std::vector<std::string>{"m.gguf"});
  EXPECT_EQ(read_file(path("m.gguf")), "old");
}

TEST_F(Quantize, AFullDiskLeavesNothing) {
  if (mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "only root mounts a small disk";
  const Result result = quantize(kMixed, "m.gguf", {"-q"});
  const std::vector<std::string> left = names();
  EXPECT_EQ(umount(folder_.c_str()), 0);
  expect_no_room(result);
  EXPECT_TRUE(left.empty());
}

TEST_F(Quantize, AnInterruptLeavesNothing) {
  if (!JANUS_WITH_SENTENCEPIECE) GTEST_SKIP() << "the built-in model needs SentencePiece";
  Process process({"quantize", "-o", path("m.gguf"), "--type", "q4_k"});
  // The temporary file is there before the first number is.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (names().empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_FALSE(names().empty());
  EXPECT_EQ(names()[0].rfind(".janus-", 0), 0U) << names()[0];
  process.interrupt();
  EXPECT_EQ(process.finish().code, 130);
  EXPECT_TRUE(names().empty());
}

TEST_F(Quantize, RefusesModelsAndPlacesThatAreNotThere) {
  write_file(path("bad.gguf"), "GGUF");
  const std::vector<std::vector<std::string>> wrong = {{"quantize", path("none"), "-o", path("m.gguf")},
                                                       {"quantize", path("bad.gguf"), "-o", path("m.gguf")},
                                                       {"quantize", kMixed, "-o", path("none/m.gguf")},
                                                       {"describe", "x.png", "-m", path("bad.gguf")}};
  for (const auto& words : wrong) {
    const Result result = run(words);
    EXPECT_EQ(result.code, 1) << result.err;
    expect_one_error(result.err);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"bad.gguf"});
}

}  // namespace
}  // namespace janus::test
