// janus describe: answers on standard output, everything else beside it, one failed image among several.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

class Describe : public InFolder {
 protected:
  // Short answers: the small model's weights are random, so it never ends one.
  Result describe(std::vector<std::string> words, const Surroundings& around = {}) const {
    words.insert(words.begin(), "describe");
    words.insert(words.end(), {"-n", "12"});
    return run_model(words, around);
  }
};

TEST_F(Describe, PrintsTheAnswerAloneOnStandardOutput) {
  std::string image = image_file("a.png");
  Result record = describe({image, "--json", "-q"});
  ASSERT_EQ(record.code, 0) << record.err;
  Result plain = describe({image});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(plain.out, Json::parse(record.out)["text"].get<std::string>() + "\n");
  EXPECT_NE(plain.err.find("seed 42\n"), std::string::npos) << plain.err;
  EXPECT_EQ(plain.err.find('\r'), std::string::npos);
  EXPECT_EQ(plain.err.find('\x1b'), std::string::npos);
}

TEST_F(Describe, QuietLeavesStandardErrorEmpty) {
  Result result = describe({image_file("a.png"), "-q", "-v"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
}

TEST_F(Describe, RecordHasTheKeysOfTheContractInOrder) {
  std::string image = image_file("a.png");
  Result result = describe({image, "--json", "-p", "What is it?"});
  ASSERT_EQ(result.code, 0) << result.err;
  ASSERT_EQ(lines_of(result.out).size(), 1U);
  Json record = Json::parse(result.out);
  EXPECT_EQ(keys_of(record),
            (std::vector<std::string>{"image", "prompt", "text", "ids", "finish_reason", "seed", "model",
                                      "model_fingerprint", "type", "device", "version", "timings"}));
  EXPECT_EQ(keys_of(record["timings"]), (std::vector<std::string>{"load_ms", "vision_ms", "prefill_ms",
                                                                  "decode_ms", "tokens_per_second"}));
  EXPECT_EQ(record["image"], image);
  EXPECT_EQ(record["prompt"], "What is it?");
  EXPECT_EQ(record["model"], kModel);
  EXPECT_EQ(record["device"], "cpu");
  EXPECT_EQ(record["seed"], 42);
  std::string reason = record["finish_reason"];
  EXPECT_TRUE(reason == "stop" || (reason == "length" && record["ids"].size() == 12)) << result.out;
  EXPECT_GT(record["timings"]["load_ms"], 0);
}

TEST_F(Describe, OneFailedImageAmongSeveralIsExitThreeAndTheOthersGoOn) {
  std::string a = image_file("a.png"), b = image_file("b.png", 10, 50);
  std::string missing = path("missing.png");
  Result result = describe({a, missing, b, "-q"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out.rfind(a + ": ", 0), 0U) << result.out;
  EXPECT_NE(result.out.find("\n" + b + ": "), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find(missing), std::string::npos);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find(missing), std::string::npos);
}

TEST_F(Describe, AFailedImageHasItsRecord) {
  std::string a = image_file("a.png"), broken = path("broken.png");
  write_file(broken, "this is no picture");
  Result result = describe({broken, a, "--json", "-q"});
  EXPECT_EQ(result.code, 3);
  std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U);
  Json failed = Json::parse(lines[0]);
  EXPECT_EQ(keys_of(failed), (std::vector<std::string>{"image", "error"}));
  EXPECT_EQ(failed["image"], broken);
  EXPECT_NE(failed["error"].get<std::string>().find("broken.png"), std::string::npos);
  EXPECT_EQ(Json::parse(lines[1])["image"], a);
}

TEST_F(Describe, AllFailedIsExitOne) {
  EXPECT_EQ(describe({path("x.png")}).code, 1);
  EXPECT_EQ(describe({path("x.png"), path("y.png")}).code, 1);
  EXPECT_EQ(describe({image_file("a.png"), path("y.png"), "--together"}).code, 1);
}

TEST_F(Describe, ImageKOfSeveralHasSeedPlusK) {
  std::string a = image_file("a.png"), b = image_file("b.png", 30, 30, 10);
  std::vector<std::string> sampled{"--temperature", "1.5", "--json", "-q"};
  auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), sampled.begin(), sampled.end());
    return lines_of(describe(words).out);
  };
  std::vector<std::string> both = with({a, b, "-s", "4294967295"});
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(Json::parse(both[0])["seed"], 4294967295U);
  EXPECT_EQ(Json::parse(both[1])["seed"], 0);
  std::vector<std::string> alone = with({b, "-s", "0"});
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(Json::parse(both[1])["ids"], Json::parse(alone[0])["ids"]);
  EXPECT_NE(Json::parse(with({b, "-s", "1"})[0])["ids"], Json::parse(alone[0])["ids"]);
}

TEST_F(Describe, ANegativeSeedIsUsedAndReported) {
  std::string a = image_file("a.png");
  Json first = Json::parse(describe({a, "--json", "-q", "-s", "-1", "--temperature", "1"}).out);
  std::string seed = std::to_string(first["seed"].get<int64_t>());
  Json again = Json::parse(describe({a, "--json", "-q", "-s", seed, "--temperature", "1"}).out);
  EXPECT_EQ(first["ids"], again["ids"]);
}

TEST_F(Describe, TogetherIsOneAnswer) {
  std::string a = image_file("a.png"), b = image_file("b.png", 30, 30, 10);
  Result result = describe({a, b, "--together", "--json", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  ASSERT_EQ(lines_of(result.out).size(), 1U);
  EXPECT_EQ(Json::parse(result.out)["image"], Json({a, b}));
}

TEST_F(Describe, ReadsAnImageFromStandardInput) {
  std::string a = image_file("a.png");
  Result piped = describe({"-", "-q"}, {.input = read_file(a)});
  EXPECT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(piped.out, describe({a, "-q"}).out);
  Result nothing = describe({"-", "-q"});
  EXPECT_EQ(nothing.code, 1);
  expect_one_error(nothing.err);
}

TEST_F(Describe, NamesThatAreNotUtf8StayValidJson) {
  std::string odd = image_file("a.png");
  std::filesystem::rename(odd, path("\xff.png"));
  Result result = describe({path("\xff.png"), "--json", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(Json::parse(result.out)["image"].get<std::string>().find("\xef\xbf\xbd"), std::string::npos);
}

TEST_F(Describe, AnswerIsTheSameForAnyNumberOfThreads) {
  std::string a = image_file("a.png");
  EXPECT_EQ(describe({a, "-q", "-t", "1"}).out, describe({a, "-q", "-t", "3"}).out);
}

TEST_F(Describe, APromptLongerThanTheContextIsExitOne) {
  std::string words;
  for (int i = 0; i < 2000; ++i) words += "many words ";
  Result result = describe({image_file("a.png"), "-q", "-p", words});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  expect_one_error(result.err);
}

TEST_F(Describe, AReaderThatHasGoneEndsItQuietly) {
  Result result = describe({image_file("a.png"), "-q"}, {.close_output = true});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "");
}

TEST_F(Describe, TheBuiltInModelSaysOnceThatItKnowsNoPhotographs) {
  if (JANUS_WITH_SENTENCEPIECE == 0) GTEST_SKIP() << "its tokenizer needs SentencePiece";
  std::string a = image_file("a.png"), b = image_file("b.png");
  Result result = run({"describe", a, b, "-n", "4"});
  ASSERT_EQ(result.code, 0) << result.err;
  size_t first = result.err.find("photograph");
  ASSERT_NE(first, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("photograph", first + 1), std::string::npos);
  EXPECT_NE(result.err.find("janus pull"), std::string::npos);
  EXPECT_EQ(run({"describe", a, "-n", "4", "-q"}).err, "");
  EXPECT_EQ(Json::parse(run({"describe", a, "-n", "4", "-q", "--json"}).out)["model"], "janus-tiny");
}

}  // namespace
}  // namespace janus::test
