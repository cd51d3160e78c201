// Files that stand where outputs go: docs/files.md, line by line.
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

class ExistingFiles : public InFolder {
 protected:
  // Exit 1 with one line before the model is opened, and nothing in the folder is another.
  std::string refusal(std::vector<std::string> words, const Surroundings& around = {}) const {
    const Names before = names();
    words.insert(words.end(), {"-m", "/no/such/model"});
    const Result result = run(words, around);
    EXPECT_EQ(result.code, 1) << result.err;
    expect_one_error(result.err);
    EXPECT_EQ(result.err.find("/no/such/model"), std::string::npos) << result.err;
    EXPECT_EQ(names(), before);
    return result.err;
  }
  Result generate(std::vector<std::string> words) const {
    words.insert(words.begin(), "generate");
    return run_model(words);
  }
  // Words of every command that writes one file: the input, and the output in this folder.
  std::vector<std::vector<std::string>> writers() const {
    image_file("in.png");
    write_file(path("in.json"), run_model({"encode", path("in.png"), "-o", "-", "-q"}).out);
    return {{"generate", "x", "-o", path("out.png")},
            {"generate", "x", "-o", path("other.png"), "--codes-out", path("out.json")},
            {"generate", "x", "-o", path("other.png"), "--grid", path("out.png")},
            {"generate", "x", "-o", path("other.png"), "--preview", path("out.png")},
            {"encode", path("in.png"), "-o", path("out.json")},
            {"decode", path("in.json"), "-o", path("out.npy")},
            {"embed", path("in.png"), "-o", path("out.npy")},
            {"quantize", kModel, "-o", path("out.gguf")},
            {"caption", path("in.png"), "-o", path("o.jsonl"), "--csv", path("out.csv")}};
  }
  static std::string output_of(const std::vector<std::string>& words) { return words.back(); }
};

TEST_F(ExistingFiles, AFileThatTheUserNamesIsReplacedUnlessNoClobber) {
  for (const auto& words : writers()) {
    SCOPED_TRACE(words[0] + " " + output_of(words));
    const bool table = words[0] == "caption";
    const std::string old = table ? "key,path,text,width,height,bytes,sha256,error\r\n" : "old";
    write_file(output_of(words), old);
    std::vector<std::string> refused = words;
    refused.push_back("--no-clobber");
    if (words[0] == "quantize") {
      const Result result = run(refused);
      EXPECT_EQ(result.code, 1);
      expect_one_error(result.err);
    } else {
      EXPECT_NE(refusal(refused).find(output_of(words)), std::string::npos);
    }
    EXPECT_EQ(read_file(output_of(words)), old);
    const Result result = words[0] == "quantize" ? run(words) : run_model(words);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_NE(read_file(output_of(words)), old);
    for (const std::string& name : names()) {
      if (name != "in.png" && name != "in.json") std::filesystem::remove(path(name));
    }
  }
}

TEST_F(ExistingFiles, WhatNobodyMayWriteStaysAlsoForTheSuperuser) {
  for (const auto& words : writers()) {
    SCOPED_TRACE(words[0] + " " + output_of(words));
    write_file(output_of(words), "key,path,text,width,height,bytes,sha256,error\r\n");
    ASSERT_EQ(chmod(output_of(words).c_str(), 0444), 0);
    for (const char* option : {"-v", "--overwrite"}) {
      std::vector<std::string> refused = words;
      refused.emplace_back(option);
      EXPECT_NE(refusal(refused).find(output_of(words)), std::string::npos);
    }
    std::filesystem::remove(output_of(words));
  }
  write_file(path("o.jsonl"), "");
  ASSERT_EQ(chmod(path("o.jsonl").c_str(), 0444), 0);
  EXPECT_NE(refusal({"caption", path("in.png"), "-o", path("o.jsonl")}).find("write-protected"),
            std::string::npos);
}

TEST_F(ExistingFiles, TheInputStaysByWhateverName) {
  image_file("in.png");
  write_file(path("in.json"), run_model({"encode", path("in.png"), "-o", "-", "-q"}).out);
  std::filesystem::copy_file(path("in.png"), path("picture"));
  ASSERT_EQ(link(path("picture").c_str(), path("hard.json").c_str()), 0);
  ASSERT_EQ(symlink("picture", path("soft.npy").c_str()), 0);
  ASSERT_EQ(symlink("in.json", path("soft.png").c_str()), 0);
  write_file(path("prompts.txt"), "a\n");
  ASSERT_EQ(symlink("prompts.txt", path("grid.png").c_str()), 0);
  write_file(path("list.jsonl"), "{\"image\": \"" + path("in.png") + "\"}\n");
  ASSERT_EQ(link(path("list.jsonl").c_str(), path("list.csv").c_str()), 0);
  const std::vector<std::vector<std::string>> wrong{
      {"encode", path("picture"), "-o", path("hard.json")},
      {"embed", path("picture"), "-o", path("soft.npy")},
      {"decode", path("in.json"), "-o", path("soft.png")},
      {"decode", path("in.json"), "-o", path("soft.png"), "--overwrite"},
      {"caption", path("list.jsonl"), "-o", path("list.jsonl")},
      {"caption", "@" + path("list.jsonl"), "-o", path("list.jsonl")},
      {"caption", path("list.jsonl"), "-o", path("new.jsonl"), "--csv", path("list.csv")},
      {"generate", "--prompts", path("prompts.txt"), "-o", folder_, "--grid", path("grid.png")}};
  for (const auto& words : wrong) {
    EXPECT_NE(refusal(words).find("expected another file than the input"), std::string::npos) << words[0];
  }
  EXPECT_EQ(read_image(path("picture")).image.pixels, read_image(path("in.png")).image.pixels);
}

TEST_F(ExistingFiles, NumbersReplaceOnlyWhatTheSameRequestMade) {
  const std::string pattern = path("x-%03d.png");
  write_file(path("x-001.png"), "someone's own");
  const std::string said = refusal({"generate", "a", "-o", pattern, "-b", "2"});
  EXPECT_NE(said.find("x-001.png"), std::string::npos) << said;
  EXPECT_NE(said.find("give -o " + path("x-2-%03d.png")), std::string::npos) << said;
  // Without a place for the number, and with one image of such a name.
  EXPECT_NE(refusal({"generate", "a", "-o", path("x.png"), "-b", "2"}).find("give -o " + path("x-2.png")),
            std::string::npos);
  write_file(path("x-000.png"), "someone's own");
  write_file(path("x-2-000.png"), "someone's own");
  EXPECT_NE(refusal({"generate", "a", "-o", pattern}).find("x-3-%03d.png"), std::string::npos);
  EXPECT_EQ(read_file(path("x-000.png")), "someone's own");

  ASSERT_EQ(generate({"a", "-o", pattern, "-b", "2", "--overwrite"}).code, 0);
  const std::string first = read_file(path("x-000.png"));
  EXPECT_NE(first, "someone's own");
  // The same request goes on; another prompt, seed or setting is of other making.
  EXPECT_EQ(generate({"a", "-o", pattern, "-b", "3"}).code, 0);
  EXPECT_EQ(read_file(path("x-000.png")), first);
  EXPECT_TRUE(std::filesystem::exists(path("x-002.png")));
  const std::vector<std::vector<std::string>> others{{"b"},
                                                     {"a", "-s", "1"},
                                                     {"a", "--cfg-scale", "2"},
                                                     {"a", "--top-k", "3"},
                                                     {"a", "--upscale", "2"},
                                                     {"a", "--best-of", "3", "--keep", "2"}};
  for (std::vector<std::string> words : others) {
    words.insert(words.end(), {"-o", pattern});
    if (words.size() < 6) words.insert(words.end(), {"-b", "2"});
    const Result result = generate(words);
    EXPECT_EQ(result.code, 1) << words.back();
    expect_one_error(result.err);
  }
  EXPECT_EQ(generate({"a", "-o", pattern, "-b", "2", "--no-clobber"}).code, 1);
  EXPECT_EQ(read_file(path("x-000.png")), first);
}

TEST_F(ExistingFiles, NumberedCodesGoWithTheirImages) {
  write_file(path("c-001.json"), "someone's own");
  const std::string said =
      refusal({"generate", "a", "-o", path("x.png"), "-b", "2", "--codes-out", path("c.json")});
  EXPECT_NE(said.find("give --codes-out " + path("c-2.json")), std::string::npos) << said;
  std::filesystem::remove(path("c-001.json"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(generate({"a", "-o", path("x.png"), "-b", "2", "--codes-out", path("c.json")}).code, 0);
  }
}

TEST_F(ExistingFiles, TheBestOfTheSameCandidatesAreTheSame) {
  const std::vector<std::string> words{"a", "-o", path("x.png"), "--best-of", "3", "--keep", "2"};
  ASSERT_EQ(generate(words).code, 0);
  EXPECT_EQ(generate(words).code, 0);
  std::vector<std::string> more = words;
  more[4] = "4";
  EXPECT_EQ(generate(more).code, 1);
}

TEST_F(ExistingFiles, AListReplacesNothingThatItHasNoRecordOf) {
  std::filesystem::create_directory(path("out"));
  write_file(path("list.txt"), "a\nb\n");
  write_file(path("out/00001.png"), "someone's own");
  const std::vector<std::string> words{"generate", "--prompts", path("list.txt"), "-o", path("out")};
  const std::string said = refusal(words);
  EXPECT_NE(said.find("give -o " + path("out-2/")), std::string::npos) << said;
  EXPECT_FALSE(std::filesystem::exists(path("out/janus-records.jsonl")));
  std::filesystem::remove(path("out/00001.png"));
  ASSERT_EQ(run_model(words).code, 0);
  // A kill between image and record: the settings inside tell.
  std::filesystem::remove(path("out/janus-records.jsonl"));
  EXPECT_EQ(run_model(words).code, 0);
  write_file(path("list.txt"), "a\nb\nc\n");
  write_file(path("out/00002.png"), "someone's own");
  const Result other = run_model(words);
  EXPECT_EQ(other.code, 1);
  expect_one_error(other.err);
  EXPECT_NE(other.err.find("00002.png"), std::string::npos) << other.err;
  EXPECT_EQ(read_file(path("out/00002.png")), "someone's own");
}

TEST_F(ExistingFiles, AFolderGetsNamesOfPromptAndSeed) {
  const std::string folder = path("a/b/c/");
  Result result =
      generate({"Ein Kreis, rot: 图片 né / \"x\"", "-o", folder, "-b", "2", "--codes-out", path("d/")});
  ASSERT_EQ(result.code, 0) << result.err;
  for (const char* name : {"a/b/c/Ein-Kreis-rot-图片-né-x-42.png", "a/b/c/Ein-Kreis-rot-图片-né-x-43.png",
                           "d/Ein-Kreis-rot-图片-né-x-42.json"}) {
    EXPECT_TRUE(std::filesystem::exists(path(name))) << name;
  }
  result = generate({std::string(300, 'z') + " end", "-o", path("a"), "--json", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["output"], path("a/" + std::string(60, 'z') + "-42.png"));
  result = generate({"!?", "-o", path("a/"), "--best-of", "2"});
  EXPECT_TRUE(std::filesystem::exists(path("a/image-42-best-of-2.png"))) << result.err;

  write_file(path("a/x-42.png"), "someone's own");
  EXPECT_NE(refusal({"generate", "x", "-o", path("a")}).find("give -o " + path("a/x-42-2.png")),
            std::string::npos);
  write_file(path("file"), "");
  EXPECT_NE(refusal({"generate", "x", "-o", path("file/") + "x/"}).find("folder"), std::string::npos);
}

TEST_F(ExistingFiles, AFolderGetsTheNameOfTheInput) {
  image_file("photo.one.png");
  ASSERT_EQ(run_model({"encode", path("photo.one.png"), "-o", path("o/p/"), "-q"}).code, 0);
  ASSERT_EQ(run_model({"embed", path("photo.one.png"), "-o", path("o/p"), "-q"}).code, 0);
  Result result = run_model({"decode", path("o/p/photo.one.json"), "-o", path("o/p"), "--json", "-q"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["output"], path("o/p/photo.one.png"));
  EXPECT_TRUE(std::filesystem::exists(path("o/p/photo.one.npy")));
  result = run({"quantize", kModel, "-o", path("o/q/"), "--type", "q8_0", "-q"});
  EXPECT_TRUE(std::filesystem::exists(path("o/q/tied-mixed-q8_0.gguf"))) << result.err;
  result = run_model({"caption", path("photo.one.png"), "-o", path("o/r/"), "--csv", path("o/r/"), "-q"});
  EXPECT_TRUE(std::filesystem::exists(path("o/r/captions.jsonl"))) << result.err;
  EXPECT_TRUE(std::filesystem::exists(path("o/r/captions.csv"))) << result.err;

  const std::string said = refusal({"encode", path("photo.one.png"), "-o", path("o/p/")});
  EXPECT_NE(said.find("give -o " + path("o/p/photo.one-2.json")), std::string::npos) << said;
  EXPECT_EQ(run_model({"encode", path("photo.one.png"), "-o", path("o/p/"), "--overwrite"}).code, 0);
}

TEST_F(ExistingFiles, ANameAsLongAsMayBeIsRefusedToo) {
  const std::string longest(251, 'n');  // with .png as long as a name may be, so that no numbered one can be
  image_file(longest + ".png");
  std::filesystem::create_directory(path("out"));
  write_file(path("out/" + longest + ".npy"), "someone's own");
  const std::string said = refusal({"embed", path(longest + ".png"), "-o", path("out/")});
  EXPECT_NE(said.find("found a file"), std::string::npos) << said;
}

TEST_F(ExistingFiles, WithoutOutputAFreeNameHereIsTakenAndTold) {
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  for (const char* name : {"a-red-circle-42.png", "a-red-circle-42-2.png", "a-red-circle-42-3.png"}) {
    const Result result = generate({"a red circle"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_NE(result.err.find(std::string("wrote ") + name + "\n"), std::string::npos) << result.err;
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(names().size(), 3U);
}

TEST_F(ExistingFiles, WhatIsNoRecordOrTableOfJanusIsLeftAlone) {
  image_file("in.png");
  // The last one without a line's end looks like a line that was cut off.
  for (const char* text :
       {"{\"key\": \"a\", \"label\": 1}\n", "{\"image\": \"in.png\"}", "{\"path\":\"in.png\"}"}) {
    write_file(path("o.jsonl"), text);
    EXPECT_NE(refusal({"caption", path("in.png"), "-o", path("o.jsonl"), "--mixed"}).find("o.jsonl"),
              std::string::npos);
    EXPECT_EQ(read_file(path("o.jsonl")), text);
  }
  std::filesystem::remove(path("o.jsonl"));
  for (const char* text : {"name,price\r\na,1\r\n", "key,path\n"}) {
    write_file(path("t.csv"), text);
    for (const char* option : {"-v", "--overwrite"}) {
      refusal({"caption", path("in.png"), "-o", path("o.jsonl"), "--csv", path("t.csv"), option});
    }
    EXPECT_EQ(read_file(path("t.csv")), text);
  }
}

TEST_F(ExistingFiles, ASidecarThatSomeoneEditedStays) {
  image_file("p.png", 40, 30, 200);
  image_file("q.png", 40, 30, 100);
  const std::vector<std::string> words{"caption",   path("p.png"), path("q.png"), "-o", path("o.jsonl"),
                                       "--sidecar", ".txt",        "-n",          "4"};
  ASSERT_EQ(run_model(words).code, 0);
  const std::string written = read_file(path("q.txt"));
  write_file(path("p.txt"), "by hand");
  // Both pictures change.
  image_file("p.png", 44, 30, 10);
  image_file("q.png", 30, 50, 250);
  Result result = run_model(words);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(path("p.txt")), "by hand");
  EXPECT_NE(result.err.find("p.txt stays as it is"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("q.txt"), std::string::npos) << result.err;
  image_file("p.png", 50, 30, 60);
  std::vector<std::string> over = words;
  over.emplace_back("--overwrite");
  EXPECT_EQ(run_model(over).code, 0);
  EXPECT_NE(read_file(path("p.txt")), "by hand");
}

TEST_F(ExistingFiles, TheCommandLineOutdoesSettingsOfTheOtherKind) {
  write_file(path("x.png"), "old");
  EXPECT_EQ(
      run_model({"generate", "x", "-o", path("x.png")}, {.environment = {{"JANUS_NO_CLOBBER", "1"}}}).code,
      1);
  EXPECT_EQ(run_model({"generate", "x", "-o", path("x.png"), "--overwrite"},
                      {.environment = {{"JANUS_NO_CLOBBER", "1"}}})
                .code,
            0);
}

TEST_F(ExistingFiles, ATerminalGetsNoImage) {
  if (!Terminal::available()) GTEST_SKIP() << "no terminals here";
  Terminal terminal({"generate", "x", "-o", "-", "-m", kModel});
  EXPECT_EQ(terminal.finish(), 1);
  const std::string& text = terminal.shown();
  EXPECT_NE(text.find("found a terminal"), std::string::npos) << text;
  EXPECT_EQ(text.find("IHDR"), std::string::npos);
}

}  // namespace
}  // namespace janus::test
