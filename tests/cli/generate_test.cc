// janus generate: images in files that come into being whole, with their settings inside.
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <thread>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

bool is_png(const std::string& bytes) {
  return bytes.rfind("\x89PNG\r\n\x1a\n", 0) == 0 && bytes.find("IEND") == bytes.size() - 8;
}

class Generate : public InFolder {
 protected:
  Result generate(std::vector<std::string> words, const Surroundings& around = {}) const {
    words.insert(words.begin(), {"generate", "a red circle"});
    return run_model(words, around);
  }
  // Makes one image with `words` and returns its file.
  std::string png_of(const std::string& name, std::vector<std::string> words) const {
    words.insert(words.end(), {"-o", path(name), "-q"});
    Result result = generate(words);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out + result.err, "");
    return read_file(path(name));
  }
};

TEST_F(Generate, WritesAPngAndTellsTheSeed) {
  Result result = generate({"-o", path("x.png"), "-s", "7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("seed 7\n"), std::string::npos) << result.err;
  EXPECT_TRUE(is_png(read_file(path("x.png"))));
  EXPECT_EQ(names(), std::vector<std::string>{"x.png"});
}

TEST_F(Generate, StandardOutputCarriesTheSameBytes) {
  std::string file = png_of("x.png", {});
  Result result = generate({"-o", "-", "-q"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, file);
}

TEST_F(Generate, EachOfSeveralImagesIsWhatItsSeedGivesAlone) {
  ASSERT_EQ(generate({"-o", path("x.png"), "-b", "6", "-s", "4294967294", "-q"}).code, 0);
  EXPECT_EQ(names(), (std::vector<std::string>{"x-000.png", "x-001.png", "x-002.png", "x-003.png",
                                               "x-004.png", "x-005.png"}));
  for (uint32_t k = 0; k < 6; ++k) {
    std::string alone =
        png_of("alone.png", {"-s", std::to_string(4294967294U + k), "-t", k % 2 == 0 ? "1" : "3"});
    EXPECT_EQ(read_file(path("x-00" + std::to_string(k) + ".png")), alone) << k;
  }
}

TEST_F(Generate, PatternsPlaceTheNumber) {
  ASSERT_EQ(
      generate({"-o", path("%02d of 100%%.png"), "-b", "2", "--codes-out", path("c%d.json"), "-q"}).code, 0);
  EXPECT_EQ(names(), (std::vector<std::string>{"00 of 100%.png", "01 of 100%.png", "c0.json", "c1.json"}));
  ASSERT_EQ(generate({"-o", path("one%03d.png"), "-q"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(path("one000.png")));
}

TEST_F(Generate, RecordsHaveTheKeysOfTheContractInOrder) {
  Result result = generate({"-o", path("x.png"), "-b", "2", "--json", "--codes-out", path("c.json"),
                            "--cfg-scale", "3", "--temperature", "0.7", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U);
  for (size_t k = 0; k < 2; ++k) {
    Json record = Json::parse(lines[k]);
    std::vector<std::string> keys;
    for (const auto& [key, value] : record.items()) keys.push_back(key);
    EXPECT_EQ(keys, (std::vector<std::string>{"output", "prompt", "seed", "index", "guidance", "cfg_scale",
                                              "temperature", "top_k", "top_p", "codes", "model",
                                              "model_fingerprint", "type", "device", "version", "timings"}));
    EXPECT_EQ(record["output"], path("x-00" + std::to_string(k) + ".png"));
    EXPECT_EQ(record["index"], k);
    EXPECT_EQ(record["seed"], 42 + k);
    EXPECT_EQ(record["guidance"], 3.0);
    EXPECT_EQ(record["cfg_scale"], 3.0);
    EXPECT_EQ(record["temperature"], 0.7);
    EXPECT_EQ(record["codes"].size(), kModelCodes);
    Json codes = Json::parse(read_file(path("c-00" + std::to_string(k) + ".json")));
    EXPECT_EQ(codes["codes"], record["codes"]);
    for (const char* key : {"load_ms", "prefill_ms", "decode_ms", "image_decode_ms", "tokens_per_second"}) {
      EXPECT_GT(record["timings"][key], 0) << key;
    }
  }
}

TEST_F(Generate, DecodingTheCodesGivesTheImage) {
  std::string file = png_of("x.png", {"--codes-out", path("c.json")});
  ASSERT_EQ(run_model({"decode", path("c.json"), "-o", path("y.png"), "-q"}).code, 0);
  EXPECT_EQ(read_image(path("x.png")).image.pixels, read_image(path("y.png")).image.pixels);
  EXPECT_EQ(read_image(path("x.png")).image.width, kModelSide);
}

TEST_F(Generate, SettingsChangeTheCodesAndGreedyNeedsNoSeed) {
  auto codes = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"-o", path("x.png"), "-q", "--json"});
    return Json::parse(generate(words).out)["codes"];
  };
  Json usual = codes({});
  EXPECT_EQ(usual,
            codes({"--cfg-scale", "5", "--temperature", "1", "--top-k", "0", "--top-p", "1", "-s", "42"}));
  EXPECT_NE(usual, codes({"-s", "43"}));
  EXPECT_NE(usual, codes({"--cfg-scale", "1"}));
  EXPECT_EQ(codes({"--temperature", "0", "-s", "1"}), codes({"--temperature", "0", "-s", "2"}));
  EXPECT_EQ(codes({"--top-k", "1", "-s", "1"}), codes({"--temperature", "0"}));
}

TEST_F(Generate, InfoReadsTheSettingsBack) {
  std::string prompt = "a café,\nby \"night\"; 图片 \xf0\x9f\xa6\x8a";
  ASSERT_EQ(run_model({"generate", prompt, "-o", path("x.png"), "-s", "5", "--top-k", "20", "-q"}).code, 0);
  Result result = run({"info", path("x.png"), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  Json settings = Json::parse(result.out);
  EXPECT_EQ(settings["prompt"], prompt);
  EXPECT_EQ(settings["seed"], 5);
  EXPECT_EQ(settings["cfg_scale"], 5.0);
  EXPECT_EQ(settings["temperature"], 1.0);
  EXPECT_EQ(settings["top_k"], 20);
  EXPECT_EQ(settings["top_p"], 1.0);
  EXPECT_EQ(settings["width"], kModelSide);
  EXPECT_EQ(settings["height"], kModelSide);
  EXPECT_EQ(settings["model"], kModel);
  EXPECT_EQ(settings["type"], "native");
  Result plain = run({"info", path("x.png")});
  EXPECT_EQ(plain.code, 0);
  EXPECT_NE(plain.out.find("seed         5\n"), std::string::npos) << plain.out;
  std::string bytes = read_file(path("x.png"));
  ImageText text = read_image_text(std::as_bytes(std::span(bytes)), "x.png");
  EXPECT_EQ(text["parameters"].rfind(prompt + "\nSeed: 5, ", 0), 0U) << text["parameters"];
}

TEST_F(Generate, OtherImagesHaveNoSettings) {
  Result result = run({"info", image_file("plain.png")});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
}

TEST_F(Generate, AnOutputThatCannotBeWrittenIsFoundBeforeTheModelIsOpened) {
  write_file(path("file"), "x");
  std::filesystem::create_symlink(path("nowhere/x.png"), path("dangling.png"));
  for (const std::string& output : {path("missing/x.png"), path("file/x.png"), path("dangling.png"),
                                    path(std::string(300, 'x') + ".png")}) {
    std::vector<std::string> before = names();
    Result result = run({"generate", "x", "-o", output, "-m", "/no/such/model"});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.out, "");
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("output, " + output), std::string::npos) << result.err;
    EXPECT_EQ(names(), before);
  }
  Result later = run({"generate", "x", "-o", path("folder%d.png"), "-b", "3", "-m", "/no/such/model"});
  EXPECT_NE(later.err.find("/no/such/model"), std::string::npos) << later.err;
  std::filesystem::create_directory(path("folder2.png"));
  later = run({"generate", "x", "-o", path("folder%d.png"), "-b", "3", "-m", "/no/such/model"});
  EXPECT_NE(later.err.find("folder2.png"), std::string::npos) << later.err;
}

TEST_F(Generate, AFailureKeepsWhatWasThere) {
  write_file(path("x.png"), "old");
  EXPECT_EQ(run({"generate", "x", "-o", path("x.png"), "-m", "/no/such/model"}).code, 1);
  EXPECT_EQ(read_file(path("x.png")), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"x.png"});
}

TEST_F(Generate, ReplacesAFileKeepingItsModeAndFollowsLinks) {
  write_file(path("real.png"), "old");
  std::filesystem::permissions(path("real.png"), std::filesystem::perms(0640));
  std::filesystem::create_symlink("real.png", path("link.png"));
  ASSERT_EQ(generate({"-o", path("link.png"), "-q"}).code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(path("link.png")));
  EXPECT_TRUE(is_png(read_file(path("real.png"))));
  EXPECT_EQ(std::filesystem::status(path("real.png")).permissions(), std::filesystem::perms(0640));
}

TEST_F(Generate, APromptLongerThanTheContextIsExitOneAndLeavesNothing) {
  std::string words;
  for (int i = 0; i < 2000; ++i) words += "many words ";
  Result result = run_model({"generate", words, "-o", path("x.png"), "-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(names().empty());
}

TEST_F(Generate, AnInterruptKeepsWhatIsFinished) {
  std::mt19937 chance(std::random_device{}());
  for (int round = 0; round < 4; ++round) {
    std::filesystem::create_directory(path("out"));
    Process process({"generate", "x", "-o", path("out/x.png"), "-b", "100000", "-q", "-m", kModel});
    // Before, while and after the first images come.
    auto wait =
        std::chrono::milliseconds(std::uniform_int_distribution<int>(round == 0 ? 300 : 600, 2500)(chance));
    std::this_thread::sleep_for(wait);
    process.interrupt();
    Result result = process.finish();
    EXPECT_EQ(result.code, 130) << wait.count() << " ms: " << result.err;
    EXPECT_EQ(result.out + result.err, "");
    for (const auto& entry : std::filesystem::directory_iterator(path("out"))) {
      EXPECT_EQ(entry.path().extension(), ".png") << entry.path();
      EXPECT_TRUE(is_png(read_file(entry.path().string()))) << entry.path();
    }
    std::filesystem::remove_all(path("out"));
  }
}

TEST_F(Generate, AReaderThatHasGoneEndsItQuietly) {
  for (std::vector<std::string> words :
       {std::vector<std::string>{"-o", "-", "-q"},
        std::vector<std::string>{"-o", path("x.png"), "--json", "-q", "-b", "1000"}}) {
    Result result = generate(words, {.close_output = true});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "");
  }
  Result full = generate({"-o", "-", "-q"}, {.output_file = "/dev/full"});
  EXPECT_EQ(full.code, 1);
  expect_one_error(full.err);
}

TEST_F(Generate, TheBuiltInModelNeedsNoFiles) {
  if (JANUS_WITH_SENTENCEPIECE == 0) GTEST_SKIP() << "its tokenizer needs SentencePiece";
  Result result = run({"generate", "a red circle on a white background", "-o", path("x.png"), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["model"], "janus-tiny");
  EXPECT_NE(result.err.find("built-in janus-tiny"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace janus::test
