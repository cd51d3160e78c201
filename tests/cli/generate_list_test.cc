// janus generate --prompts: lists that end well, are cut short and go on.
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

class GenerateList : public InFolder {
 protected:
  Result generate(const std::vector<std::string>& words, const Surroundings& around = {}) const {
    std::vector<std::string> all{"generate"};
    all.insert(all.end(), words.begin(), words.end());
    return run_model(all, around);
  }
  Result generate_list(const std::string& list, std::vector<std::string> words = {}) const {
    write_file(path("list.txt"), list);
    words.insert(words.end(), {"--prompts", path("list.txt"), "-o", path("out")});
    return generate(words);
  }
  std::string alone(const std::string& prompt, const std::vector<std::string>& words) const {
    std::vector<std::string> all{prompt, "-o", path("alone.png"), "-q"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(generate(all).code, 0);
    return read_file(path("alone.png"));
  }
  std::string made(const std::string& name) const { return read_file(path("out/" + name)); }
  std::vector<Json> records() const {
    std::vector<Json> found;
    for (const std::string& line : lines_of(read_file(path("out/janus-records.jsonl")))) {
      found.push_back(Json::parse(line));
    }
    return found;
  }
  // Whole lines are records, none of them twice, and each of an image that is there; what follows them is
  // the beginning of one.
  void expect_sound_records() const {
    const std::string file = path("out/janus-records.jsonl");
    const std::string text = std::filesystem::exists(file) ? read_file(file) : "";
    const size_t whole = text.rfind('\n') + 1;
    std::set<std::string> outputs;
    for (const std::string& line : lines_of(text.substr(0, whole))) {
      const std::string output = Json::parse(line)["output"];
      EXPECT_TRUE(outputs.insert(output).second) << output << " stands twice";
      EXPECT_TRUE(std::filesystem::exists(output)) << output;
    }
    EXPECT_TRUE(whole == text.size() || text[whole] == '{');
  }
  void SetUp() override {
    InFolder::SetUp();
    std::filesystem::create_directory(path("out"));
  }
};

TEST_F(GenerateList, ALineIsTheImageItsPromptGivesAlone) {
  Result result = generate_list("a red circle\r\n\n  \na blue star on a hill\nx\n\nyes\nfive\n", {"-s", "7"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(made("00000.png"), alone("a red circle", {"-s", "7"}));
  EXPECT_EQ(made("00001.png"), alone("a blue star on a hill", {"-s", "8"}));
  EXPECT_EQ(made("00004.png"), alone("five", {"-s", "11", "-t", "3"}));
  EXPECT_EQ(records().size(), 5U);
}

TEST_F(GenerateList, ALineOfJsonHasItsOwnSettings) {
  write_file(path("list.jsonl"),
             "{\"prompt\": \"one\", \"seed\": 100, \"count\": 2, \"output\": \"first.png\"}\n"
             "{\"prompt\": \"two\", \"cfg_scale\": 1, \"temperature\": 0, \"output\": \"second-%d.png\"}\n"
             "{\"prompt\": \"three\", \"top_k\": 5, \"top_p\": 0.5}\n");
  Result result =
      generate({"--prompts", path("list.jsonl"), "-o", path("out/x-%02d.png"), "--json", "--cfg-scale", "3"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(made("first-000.png"), alone("one", {"-s", "100", "--cfg-scale", "3"}));
  EXPECT_EQ(made("first-001.png"), alone("one", {"-s", "101", "--cfg-scale", "3"}));
  EXPECT_EQ(made("second-0.png"), alone("two", {"-s", "44", "--cfg-scale", "1", "--temperature", "0"}));
  EXPECT_EQ(made("x-03.png"),
            alone("three", {"-s", "45", "--cfg-scale", "3", "--top-k", "5", "--top-p", "0.5"}));
  std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 4U);
  for (size_t k = 0; k < 4; ++k) {
    Json record = Json::parse(lines[k]);
    EXPECT_EQ(record["index"], k);
    EXPECT_EQ(record["codes"].size(), static_cast<size_t>(kModelCodes));
  }
}

TEST_F(GenerateList, FromStandardInputOfEitherForm) {
  ASSERT_EQ(generate({"--prompts", "-", "-o", path("out/")}, {.input = "\n{\"prompt\": \"one\"}"}).code, 0);
  EXPECT_EQ(made("00000.png"), alone("one", {}));
  ASSERT_EQ(generate({"--prompts", "-", "-o", path("out/p-%d.png")}, {.input = "one"}).code, 0);
  EXPECT_EQ(made("p-0.png"), made("00000.png"));
}

TEST_F(GenerateList, ANameThatEndsInASlashIsAFolderToBeMade) {
  std::filesystem::remove(path("out"));
  const Result result = generate({"--prompts", "-", "-o", path("out/")}, {.input = "one"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(made("00000.png"), alone("one", {}));
  // Those around it, too, and those in it that the list names.
  const Result deep = generate({"--prompts", "-", "-o", path("new/of/all/")},
                               {.input = "{\"prompt\": \"one\", \"output\": \"a/b/c.png\"}"});
  EXPECT_EQ(deep.code, 0) << deep.err;
  EXPECT_EQ(read_file(path("new/of/all/a/b/c.png")), made("00000.png"));
}

TEST_F(GenerateList, AWrongListIsOneErrorBeforeAnyWork) {
  const std::vector<std::string> wrong{
      "",
      "\n \n",
      "{\"prompt\": \"x\"",
      "[1]",
      "{\"seed\": 1}",
      "{\"prompt\": \" \"}",
      "{\"prompt\": 3}",
      "{\"prompt\": \"x\", \"seed\": -1}",
      "{\"prompt\": \"x\", \"count\": 0}",
      "{\"prompt\": \"x\", \"cfg_scale\": -1}",
      "{\"prompt\": \"x\", \"top_p\": 0}",
      "{\"prompt\": \"x\", \"temperature\": \"hot\"}",
      "{\"prompt\": \"x\", \"colour\": \"red\"}",
      "{\"prompt\": \"x\", \"count\": 1000000}\n{\"prompt\": \"x\", \"count\": 1}",
      "{\"prompt\": \"x\", \"output\": \"x.bmp\"}",
      "{\"prompt\": \"x\", \"output\": \"%s.png\"}",
      "{\"prompt\": \"x\", \"output\": \"../x.png\"}",
      "{\"prompt\": \"x\", \"output\": \"/tmp/x.png\"}",
      "{\"prompt\": \"x\", \"output\": \"-\"}",
      "{\"prompt\": \"x\", \"output\": \"x\\u0000.png\"}",
      "{\"prompt\": \"\xff\xfe\"}",
      std::string("{\"prompt\": \"x\"}\0", 16),
      std::string(200000, '['),
      "{\"prompt\": \"x\", \"output\": \"same.png\"}\n{\"prompt\": \"y\", \"output\": \"same.png\"}"};
  for (const std::string& text : wrong) {
    write_file(path("list.jsonl"), text);
    Result result =
        run({"generate", "--prompts", path("list.jsonl"), "-o", path("out"), "-m", "/no/such/model"});
    EXPECT_EQ(result.code, 1) << text;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("list.jsonl"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("/no/such/model"), std::string::npos) << result.err;
  }
  EXPECT_TRUE(std::filesystem::is_empty(path("out")));
}

TEST_F(GenerateList, ARunStartedAgainMakesOnlyWhatIsMissing) {
  const std::string list = "a\nb\nc\nd\ne\nf\n";
  ASSERT_EQ(generate_list(list).code, 0);
  std::string first = made("00001.png");
  std::filesystem::remove(path("out/00001.png"));
  write_file(path("out/00004.png"), "someone's own");
  Result again = generate_list(list);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(made("00001.png"), first);
  EXPECT_EQ(made("00004.png"), "someone's own");
  EXPECT_EQ(records().size(), 6U);
  EXPECT_NE(again.err.find("5 of 6 images are there"), std::string::npos) << again.err;

  Result other = generate_list("a\nb\nc\nd\ne\nother\n");
  EXPECT_EQ(other.code, 1);
  expect_one_error(other.err);
  EXPECT_NE(other.err.find("00005.png"), std::string::npos) << other.err;
  EXPECT_EQ(generate_list(list, {"--temperature", "0.5"}).code, 1);
  ASSERT_EQ(generate_list("a\nb\nc\nd\ne\nother\n", {"--overwrite"}).code, 0);
  EXPECT_EQ(made("00005.png"), alone("other", {"-s", "47"}));
  EXPECT_NE(made("00004.png"), "someone's own");
  EXPECT_EQ(generate_list("a\nb\nc\nd\ne\nother\nlonger\n").code, 0);
}

TEST_F(GenerateList, AFailedImageIsARecordAndExitThreeUntilItIsTriedAgain) {
  const std::string list = "a\n" + std::string(20000, 'z') + "\nc\n";
  Result result = generate_list(list, {"--json"});
  EXPECT_EQ(result.code, 3) << result.err;
  ASSERT_EQ(lines_of(result.out).size(), 3U);
  EXPECT_EQ(names(), (std::vector<std::string>{"list.txt", "out"}));
  EXPECT_FALSE(std::filesystem::exists(path("out/00001.png")));
  EXPECT_TRUE(std::filesystem::exists(path("out/00002.png")));
  EXPECT_EQ(generate_list(list).code, 3);
  EXPECT_EQ(records().size(), 3U);
  EXPECT_EQ(generate_list(list, {"--retry-errors"}).code, 3);
  ASSERT_EQ(records().size(), 3U);
  EXPECT_TRUE(records().back().contains("error"));

  // An output that cannot be written fails alone, and is tried again by the next run: it is the disk's fault.
  std::filesystem::remove_all(path("out"));
  std::filesystem::create_directories(path("out/00001.png"));
  EXPECT_EQ(generate_list("a\nb\nc\n").code, 3);
  EXPECT_EQ(generate_list("a\nb\nc\n").code, 3);
  EXPECT_EQ(records().back()["transient"], true);
  std::filesystem::remove(path("out/00001.png"));
  EXPECT_EQ(generate_list("a\nb\nc\n").code, 0);
  EXPECT_EQ(made("00001.png"), alone("b", {"-s", "43"}));
}

TEST_F(GenerateList, TwoHundredKillsLoseNothingAndGenerateNothingTwice) {
  constexpr int kPrompts = 12, kKills = 200;
  std::string list;
  for (int k = 0; k < kPrompts; ++k) list += "prompt " + std::to_string(k) + "\n";
  write_file(path("list.txt"), list);
  const std::vector<std::string> words{"generate",  "--prompts", path("list.txt"), "-o",
                                       path("out"), "-m",        kModel,           "-q"};
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(run(words).code, 0);
  // On a machine that is busy just now, waits of its own length would take minutes.
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const Milliseconds whole_run =
      std::min<Milliseconds>(Milliseconds(150), std::chrono::steady_clock::now() - begin);
  const std::string last = made("00011.png");
  std::filesystem::remove_all(path("out"));
  std::filesystem::create_directory(path("out"));

  std::mt19937 random(5);
  int kills = 0, finished = 0;
  while (kills < kKills) {
    Process process(words);
    std::this_thread::sleep_for(whole_run * (static_cast<double>(random() % 1000) / 900));
    const bool interrupted = random() % 4 == 0;
    interrupted ? process.interrupt() : process.end_at_once();
    const int code = process.finish().code;
    if (code != 0) {
      ASSERT_EQ(code, interrupted ? 130 : 128 + SIGKILL);
      ++kills;
    }
    expect_sound_records();
    if (HasFailure()) return;
    if (code != 0 && random() % 5 != 0) continue;
    // Let one run end: now every prompt has its image and one record.
    ASSERT_EQ(run(words).code, 0);
    ++finished;
    ASSERT_EQ(records().size(), size_t{kPrompts});
    ASSERT_EQ(made("00011.png"), last);
    std::filesystem::remove_all(path("out"));
    std::filesystem::create_directory(path("out"));
  }
  EXPECT_GE(finished, 10);
}

TEST_F(GenerateList, WhatIsNoListIsRefused) {
  write_file(path("picture.txt"), read_file(image_file("a.png")));
  write_file(path("wide.txt"), std::string("a\0\n\0", 4));  // UTF-16 that does not say so
  write_file(path("cut.txt"), "\xff\xfe" + std::string("a\0\n", 3));
  for (const std::string& list : {path("picture.txt"), path("wide.txt"), path("cut.txt"), path("none.txt"),
                                  folder_, std::string("/dev/zero"), std::string("/dev/null")}) {
    Result result = generate({"--prompts", list, "-o", path("out")});
    EXPECT_EQ(result.code, 1) << list;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(list), std::string::npos) << result.err;
  }
  write_file(path("list.txt"),
             "\xef\xbb\xbf"
             "one");
  ASSERT_EQ(generate({"--prompts", path("list.txt"), "-o", path("out")}).code, 0);
  EXPECT_EQ(made("00000.png"), alone("one", {}));
}

TEST_F(GenerateList, RecordsThatAreNotItsOwnAreLeftAlone) {
  for (const char* text :
       {"a letter\n", "a letter", "[1]\n", "{\"output\": \"x\"}\n",
        "{\"key\": \"x\", \"sha256\": \"ab\", \"model\": \"m\", \"prompt_hash\": \"p\"}\n"}) {
    write_file(path("out/janus-records.jsonl"), text);
    Result result = generate_list("one\n");
    EXPECT_EQ(result.code, 1) << text;
    expect_one_error(result.err);
    EXPECT_EQ(read_file(path("out/janus-records.jsonl")), text);
  }
  std::filesystem::remove(path("out/janus-records.jsonl"));
  EXPECT_EQ(generate_list("one\n", {"--records", path("no/folder.jsonl")}).code, 1);
  EXPECT_EQ(generate_list("one\n", {"--records", folder_}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(path("out/00000.png")));
}

TEST_F(GenerateList, AFullDiskEndsItAndTheNextRunGoesOn) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1500;  // a few records
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result result = generate_list("a\nb\nc\nd\ne\nf\ng\nh\n");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_NE(result.code, 0);
  EXPECT_EQ(read_file(path("out/janus-records.jsonl")).back(), '\n') << "a torn line was left";
  ASSERT_EQ(generate_list("a\nb\nc\nd\ne\nf\ng\nh\n", {"--retry-errors"}).code, 0);
  EXPECT_EQ(records().size(), 8U);
}

// Records tell the model by its fingerprint, those of earlier versions by its name.
TEST_F(GenerateList, TheSameModelElsewhereGoesOnAndAnotherOfItsNameDoesNot) {
  std::filesystem::copy(kModel, path("copy"));
  const std::string records_file = path("out/janus-records.jsonl");
  std::string long_prompt;
  for (int k = 0; k < 3000; ++k) long_prompt += "red ";
  ASSERT_EQ(generate_list("p\n" + long_prompt + "\n").code, 3);
  const std::string first = read_file(records_file);
  const std::vector<std::string> words{"generate", "--prompts", path("list.txt"), "-o", path("out"), "-m"};
  const auto again = [&](const std::string& model) {
    std::vector<std::string> all = words;
    all.push_back(model);
    return run(all);
  };
  for (const std::string& model : {std::string(kModel), path("copy")}) {
    const Result result = again(model);
    EXPECT_EQ(result.code, 3);
    EXPECT_NE(result.err.find("1 of 2 images are there from an earlier run, 1 failed then"),
              std::string::npos)
        << result.err;
    EXPECT_EQ(read_file(records_file), first);
  }

  const auto write_records = [&](const std::function<void(Json&)>& change) {
    std::string text;
    for (const std::string& line : lines_of(first)) {
      Json record = Json::parse(line);
      change(record);
      text += record.dump() + "\n";
    }
    write_file(records_file, text);
  };
  write_records([](Json& record) { record.erase("model_fingerprint"); });
  EXPECT_EQ(again(kModel).code, 3);
  EXPECT_NE(again(path("copy")).err.find("expected the prompt and settings of the earlier run"),
            std::string::npos);
  write_records([](Json& record) { record["model_fingerprint"] = "0123456789abcdef"; });
  const Result other = again(kModel);
  EXPECT_EQ(other.code, 1);
  expect_one_error(other.err);
  EXPECT_NE(other.err.find("found another, under its name; choose another -o"), std::string::npos)
      << other.err;

  // A list that is done needs no model, under the name that made it.
  write_file(path("list.txt"), "p\n");
  std::filesystem::remove_all(path("out"));
  std::filesystem::create_directory(path("out"));
  ASSERT_EQ(again(path("copy")).code, 0);
  std::filesystem::remove_all(path("copy"));
  EXPECT_EQ(again(path("copy")).code, 0);
  EXPECT_NE(again("/no/such/model").err.find("model, /no/such/model"), std::string::npos);
}

TEST_F(GenerateList, AReaderThatGoesAwayEndsItQuietly) {
  write_file(path("list.txt"), "a\nb\nc\n");
  const std::vector<std::string> words{"--prompts", path("list.txt"), "-o", path("out"), "--json"};
  Result result = generate(words, {.close_output = true});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err.find("janus: "), std::string::npos) << result.err;
  ASSERT_EQ(generate(words).code, 0);
  EXPECT_EQ(records().size(), 3U);
}

TEST_F(GenerateList, OfTwoRunsOnOneOutputTheSecondRefuses) {
  std::string list;
  for (int k = 0; k < 400; ++k) list += "p\n";
  write_file(path("list.txt"), list);
  const std::vector<std::string> words{"generate", "--prompts", path("list.txt"), "-o", path("out"),
                                       "-m",       kModel};
  Process first(words);
  while (!std::filesystem::exists(path("out/00000.png"))) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Result second = run(words);
  EXPECT_EQ(second.code, 1);
  expect_one_error(second.err);
  first.interrupt();
  EXPECT_EQ(first.finish().code, 130);
}

}  // namespace
}  // namespace janus::test
