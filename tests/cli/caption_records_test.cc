// janus caption: records say what made them, and a run goes on by that, however paths and model are spelled.
#include <set>

#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

class CaptionRecords : public CaptionFiles {
 protected:
  std::string out() const { return path("out.jsonl"); }
  // Runs in the test's folder, where the images are p/000.png and so on.
  Result here(const std::vector<std::string>& more,
              const std::map<std::string, std::string>& environment = {}) const {
    return caption(more, {.environment = environment, .folder = folder_});
  }
  void expect_in(const std::string& text, const std::vector<std::string>& parts) const {
    for (const std::string& part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
};

TEST_F(CaptionRecords, SayWhatMadeThem) {
  image_files("p", 1);
  write_file(path("p/broken.png"), "no picture");
  ASSERT_EQ(here({"p", "-p", "What is it?", "-o", "out.jsonl", "--temperature", "0.5", "--top-k", "7", "-s",
                  "9", "--type", "f32", "--device", "cpu"})
                .code,
            3);
  const std::map<std::string, Json> made{
      {"model", kModel},    {"type", "f32"}, {"device", "cpu"}, {"prompt", "What is it?"},
      {"temperature", 0.5}, {"top_k", 7},    {"top_p", 1.0},    {"max_tokens", 4},
      {"seed", 9}};
  for (const Json& record : records("out.jsonl")) {
    for (const auto& [key, value] : made) EXPECT_EQ(record.value(key, Json()), value) << key;
    EXPECT_EQ(record["model_fingerprint"].get<std::string>().size(), 16U);
    EXPECT_FALSE(record["version"].get<std::string>().empty());
    EXPECT_FALSE(record.contains("special_tokens"));
  }
  const Result several = here({"p", "--ask", "what=What is it?", "--ask", "why=Why?", "--special-tokens"});
  const Json record = Json::parse(lines_of(several.out).back());
  EXPECT_EQ(record["prompts"], (Json{{"what", "What is it?"}, {"why", "Why?"}}));
  EXPECT_FALSE(record.contains("prompt"));
  EXPECT_EQ(record["special_tokens"], true);
}

TEST_F(CaptionRecords, AnySpellingOfPathsGoesOn) {
  image_files("p", 3);
  image_files("q", 1);
  ASSERT_EQ(here({"./p", "-o", "out.jsonl"}).code, 0);
  const std::string before = read_file(out());
  EXPECT_EQ(records("out.jsonl")[0]["key"], "p/000.png");
  EXPECT_EQ(records("out.jsonl")[0]["path"], "./p/000.png");
  write_file(path("q/list.jsonl"),
             "{\"image\": \"../p/000.png\"}\n{\"image\": \"" + path("p/001.png") + "\"}\n");
  for (const std::string& spelled :
       {std::string("p"), std::string("p//"), std::string("./././p"), std::string("q/../p"), path("p"),
        path("q/../p/"), "../" + fs::path(folder_).filename().string() + "/p", std::string("p/*.png"),
        std::string("q/list.jsonl")}) {
    EXPECT_EQ(here({spelled, "-o", "out.jsonl"}).code, 0) << spelled;
    EXPECT_EQ(read_file(out()), before) << spelled;
  }
  // All of them in one run are named twice.
  const Result twice = here({"p", "./p", path("p")});
  EXPECT_EQ(lines_of(twice.out).size(), 3U) << twice.out;
  // Records of absolute paths are found again from any folder.
  ASSERT_EQ(here({path("p"), "-o", "absolute.jsonl"}).code, 0);
  const std::string absolute = read_file(path("absolute.jsonl"));
  EXPECT_EQ(by_key("absolute.jsonl").count(path("p/000.png")), 1U);
  ASSERT_EQ(caption({path("p"), "-o", path("absolute.jsonl")}, {.folder = "/"}).code, 0);
  ASSERT_EQ(caption({"../p", "-o", path("absolute.jsonl")}, {.folder = path("q")}).code, 0);
  ASSERT_EQ(here({"p", "-o", "absolute.jsonl"}).code, 0);
  EXPECT_EQ(read_file(path("absolute.jsonl")), absolute);
}

TEST_F(CaptionRecords, LinksThatLeadElsewhereAreOtherPaths) {
  image_files("far/away", 1);
  image_files("p", 1);
  image_files("far/p", 1);
  fs::create_directory_symlink(path("far/away"), path("link"));
  const Result result = here({"p", "link/../p", "-o", "out.jsonl"});  // the second is far/p
  ASSERT_EQ(result.code, 0) << result.err;
  const auto found = by_key("out.jsonl");
  EXPECT_EQ(found.size(), 2U);
  EXPECT_EQ(found.count("link/../p/000.png"), 1U);
  // The shell's name of a folder is as good as the system's.
  fs::create_directory_symlink(folder_, path("again"));
  ASSERT_EQ(here({path("again/p"), "-o", "out.jsonl"}, {{"PWD", path("again")}}).code, 0);
  EXPECT_EQ(by_key("out.jsonl").size(), 2U);
}

TEST_F(CaptionRecords, APartOfSeveralMachinesIsTheSameInAnySpelling) {
  image_files("p", 12);
  fs::create_directory(path("x"));
  Names all;
  for (const char* part : {"1/3", "2/3", "3/3"}) {
    const Names plain = keys(here({"p", "--shard", part}));
    for (const char* spelled : {"./p", "p//", "./x/../p"})
      EXPECT_EQ(keys(here({spelled, "--shard", part})), plain) << spelled;
    all.insert(all.end(), plain.begin(), plain.end());
  }
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 12U);
  EXPECT_EQ(all.size(), 12U);
}

TEST_F(CaptionRecords, TheSameModelElsewhereGoesOn) {
  image_files("p", 2);
  ASSERT_EQ(here({"p", "-o", "out.jsonl"}).code, 0);
  const std::string before = read_file(out());
  fs::copy(kModel, path("copy"));
  fs::create_directory_symlink(kModel, path("link"));
  for (const char* model : {"copy", "./copy", "link/", "copy/../copy"}) {
    EXPECT_EQ(
        run({"caption", "p", "-m", model, "-n", "4", "-q", "-o", "out.jsonl"}, {.folder = folder_}).code, 0)
        << model;
    EXPECT_EQ(read_file(out()), before);
  }
  // Another model in its place is another.
  write_file(path("copy/tokenizer_config.json"), "{}");
  const Result other =
      run({"caption", "p", "-m", "copy", "-n", "4", "-q", "-o", "out.jsonl"}, {.folder = folder_});
  EXPECT_EQ(other.code, 1);
  expect_one_error(other.err);
  expect_in(other.err, {"model \"copy\" (fingerprint \"", "found model \"" + kModel, "--mixed"});
  EXPECT_EQ(read_file(out()), before);
}

TEST_F(CaptionRecords, ARefusalNamesWhatDiffers) {
  image_files("p", 1);
  ASSERT_EQ(here({"p", "-o", "out.jsonl"}).code, 0);
  const std::string before = read_file(out());
  const std::string shared(200, 'x');
  struct Case {
    std::vector<std::string> asked;
    std::string expected, found;
  };
  for (const Case& other :
       {Case{{"-p", "B\n\"C\""}, R"(prompt "B\n\"C\"")", R"(prompt "Describe this image." in line 1)"},
        Case{{"-n", "5"}, "--max-tokens 5", "--max-tokens 4 in line 1"},
        Case{{"--type", "f32"}, "type \"f32\"", "type \"native\" in line 1"},
        Case{{"--temperature", "1"}, "--temperature 1.0", "--temperature 0.0 in line 1"},
        Case{{"--special-tokens"}, "--special-tokens true", "--special-tokens false in line 1"},
        Case{{"-n", "5", "--type", "f32"}, "type \"f32\", --max-tokens 5", "type \"native\", --max-tokens 4"},
        Case{{"--ask", "a=Why?"}, "prompts {\"a\":\"Why?\"}", "prompts none"},
        Case{{"-p", shared + "tail"}, "prompt \"xxx", "prompt \"Describe"}}) {
    std::vector<std::string> words{"p", "-o", "out.jsonl"};
    words.insert(words.end(), other.asked.begin(), other.asked.end());
    const Result result = here(words);
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    expect_in(result.err, {"expected records of ", other.expected, ", found ", other.found,
                           "choose another -o", "--mixed"});
    EXPECT_EQ(read_file(out()), before);
  }
  // Long texts that begin alike are shown where they part.
  ASSERT_EQ(here({"p", "-o", "long.jsonl", "-p", shared + "left"}).code, 0);
  expect_in(here({"p", "-o", "long.jsonl", "-p", shared + "right"}).err, {"xright\"", "xleft\""});
  // What does not decide an answer does not refuse.
  EXPECT_EQ(here({"p", "-o", "out.jsonl", "-s", "7", "--device", "cpu", "-t", "2", "-b", "2"}).code, 0);
  ASSERT_EQ(here({"p", "-o", "drawn.jsonl", "--temperature", "1"}).code, 0);
  expect_in(here({"p", "-o", "drawn.jsonl", "--temperature", "1", "-s", "7"}).err, {"--seed 7", "--seed 42"});
}

TEST_F(CaptionRecords, MixedAsksTheNewQuestionOfEveryImage) {
  image_files("p", 3);
  ASSERT_EQ(here({"p", "-o", "out.jsonl", "--sidecar", ".txt", "-p", "What?"}).code, 0);
  const std::string before = read_file(out());
  write_file(path("p/001.txt"), "edited\n");
  const std::vector<std::string> second{"p", "-o", "out.jsonl", "--sidecar", ".txt", "-p", "Why?", "--mixed"};
  ASSERT_EQ(here(second).code, 0);
  const std::string both = read_file(out());
  EXPECT_EQ(both.substr(0, before.size()), before);
  std::map<std::string, std::set<std::string>> asked;
  for (const Json& record : records("out.jsonl"))
    asked[record["key"]].insert(record["prompt"].get<std::string>());
  ASSERT_EQ(asked.size(), 3U);
  for (const auto& [key, prompts] : asked)
    EXPECT_EQ(prompts, (std::set<std::string>{"What?", "Why?"})) << key;
  EXPECT_EQ(read_file(path("p/001.txt")), "edited\n");
  // Each question goes on by itself, and none is lost when lines are dropped.
  image_file("p/000.png", 50, 50);
  ASSERT_EQ(here(second).code, 0);
  EXPECT_EQ(records("out.jsonl").size(), 6U);
  ASSERT_EQ(here({"p", "-o", "out.jsonl", "-p", "What?", "--mixed", "--csv", "t.csv"}).code, 0);
  const std::vector<Json> found = records("out.jsonl");
  ASSERT_EQ(found.size(), 6U);
  for (const Json& record : found) {
    EXPECT_EQ(record["width"] == 50, record["key"] == "p/000.png") << record["key"];
  }
  const std::string table = read_file(path("t.csv"));
  expect_in(table, {"key,path,model,prompt,text,", ",What?,", ",Why?,"});
  EXPECT_EQ(lines_of(table).size(), 7U);
  EXPECT_EQ(here({"p", "-o", "out.jsonl", "-p", "What?"}).code, 1) << "not all of it is of that question";
}

TEST_F(CaptionRecords, OutputsOfAnEarlierVersionAreGoneOnWith) {
  fs::copy(std::string(JANUS_TEST_DATA) + "/captions-0.1", folder_, fs::copy_options::recursive);
  fs::create_directory_symlink(kModel, path("model"));
  const auto go_on = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"caption", "-m", "model", "-n", "4", "-q", "-o", "captions.jsonl"});
    return run(more, {.folder = folder_});
  };
  const std::string before = read_file(path("captions.jsonl"));
  for (const char* spelled : {"./photos", "photos", "photos/"}) {
    EXPECT_EQ(go_on({spelled, "./shard.tar", "-p", "What is it?"}).code, 3) << "an error of then stands";
    EXPECT_EQ(read_file(path("captions.jsonl")), before) << spelled;
  }
  const Result other = go_on({"photos", "-p", "Why?"});
  EXPECT_EQ(other.code, 1);
  expect_one_error(other.err);
  expect_in(other.err, {"prompt hash 2e15de3a519dc69b in line 1", "--mixed"});
  image_file("photos/new.png");
  EXPECT_EQ(go_on({"photos", "-p", "What is it?"}).code, 3);
  EXPECT_EQ(by_key("captions.jsonl").size(), 5U);
  ASSERT_EQ(go_on({"photos", "-p", "Why?", "--mixed"}).code, 3);
  EXPECT_EQ(records("captions.jsonl").size(), 5U + 4U);
}

TEST_F(CaptionRecords, OutputsOfSeveralPartsAreOne) {
  image_files("p", 4);
  for (const char* part : {"1", "2"}) {
    const std::string number = part;
    ASSERT_EQ(here({"p", "--shard", number + "/2", "-o", "part" + number + ".jsonl"}).code, 0);
  }
  write_file(out(), read_file(path("part1.jsonl")) + read_file(path("part2.jsonl")));
  const std::string whole = read_file(out());
  EXPECT_EQ(here({"./p", "-o", "out.jsonl"}).code, 0);
  EXPECT_EQ(read_file(out()), whole);
}

TEST_F(CaptionRecords, TheSummaryCountsApart) {
  image_files("p", 4);
  write_file(path("p/x.psd"), "8BPS\0\1");
  ASSERT_EQ(here({"p", "-o", "out.jsonl"}).code, 0);
  image_file("p/new.png", 64, 64);
  image_file("p/small.png", 8, 8);
  write_file(path("p/broken.png"), "no picture");
  std::vector<std::string> words{"caption", "-m", kModel, "-n", "4", "p", "p/new.png", "-o", "out.jsonl"};
  words.insert(words.end(), {"--where", "width>=20"});
  const Result told = run(words, {.folder = folder_});
  EXPECT_EQ(told.code, 3);
  expect_in(told.err,
            {"1 captioned, 4 done before, 1 outside --where, 1 named twice, 1 error, 1 passed over: 1 PSD;"});
  words.push_back("--json-progress");
  fs::remove(path("p/small.png"));
  image_file("p/newer.png", 64, 64);
  const Result progress = run(words, {.folder = folder_});
  Json last;
  for (const Json& line : parse(progress.err)) last = line.contains("done") ? line : last;
  EXPECT_EQ(last["captioned"], 1) << progress.err;
  EXPECT_EQ(last["done_before"], 5) << progress.err;
  EXPECT_EQ(last["named_twice"], 1);
  EXPECT_EQ(last["filtered"], 0);
  EXPECT_EQ(last["errors"], 1);
  EXPECT_EQ(last["passed_over"], 1);
  EXPECT_EQ(last["done"], 8);
}

}  // namespace
}  // namespace janus::test
