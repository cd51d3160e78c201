// janus chat: what is kept, taken back, set and loaded; from a pipe.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

class ChatKeepingTest : public InFolder {
 protected:
  Result chat(const std::string& input, std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"chat", "-n", "5", "-o", path("made-%02d.png")});
    return run_model(words, {.input = input, .environment = {{"HOME", folder_}}});
  }
  std::vector<std::string> answers(const std::string& input, std::vector<std::string> words = {}) const {
    words.emplace_back("--json");
    const Result result = chat(input, words);
    EXPECT_EQ(result.code, 0) << result.err;
    std::vector<std::string> texts;
    for (const std::string& line : lines_of(result.out)) {
      const Json record = Json::parse(line);
      if (record.contains("ids")) texts.push_back(record["ids"].dump());
    }
    return texts;
  }
  Json turns(const std::string& name) const { return Json::parse(read_file(path(name))); }
};

TEST_F(ChatKeepingTest, UndoTakesBackTheLastQuestionOrImage) {
  const std::string a = image_file("a.png"), b = image_file("b.png", 30, 30, 10);
  const auto plain = answers("/image " + a + "\nOne?\nTwo?\nThree?\n");
  ASSERT_EQ(plain.size(), 3U);
  // A question and its answer.
  EXPECT_EQ(answers("/image " + a + "\nOne?\nTwo?\nNo?\n/undo\nThree?\n").back(), plain[2]);
  // The image of the question that is taken back is part of the next one again, unless it goes, too.
  EXPECT_EQ(answers("/image " + a + "\nNo?\n/undo\nOne?\nTwo?\n").back(), plain[1]);
  EXPECT_EQ(answers("/image " + b + "\nNo?\n/undo\n/undo\n/image " + a + "\nOne?\n").back(), plain[0]);
  EXPECT_EQ(answers("/generate x\n/undo\n/image " + a + "\nOne?\n").back(), plain[0]);
  EXPECT_TRUE(std::filesystem::exists(path("made-00.png")));

  const Result result = chat("/undo\nHi\n/undo\n/undo\n/undo now\nHi\n");
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, chat("Hi\nHi\n/reset\nHi\n").out.substr(0, 0) + chat("Hi\n").out + chat("Hi\n").out);
  EXPECT_NE(result.err.find("took back \"Hi\""), std::string::npos) << result.err;
}

TEST_F(ChatKeepingTest, AFullConversationNamesTheWaysOut) {
  std::string input;
  for (int i = 0; i < 60; ++i) input += std::string(150, 'z') + "\n";
  const Result result = chat(input);
  EXPECT_EQ(result.code, 3);
  for (const char* way : {"/reset", "/undo"}) {
    EXPECT_NE(result.err.find(way), std::string::npos) << result.err.substr(0, 1000);
  }
  // These ways out are none where one question alone is too long.
  const Result alone = chat(std::string(60000, 'z') + "\n");
  EXPECT_EQ(alone.code, 1);
  EXPECT_NE(alone.err.find("shorten the question"), std::string::npos) << alone.err;
  EXPECT_EQ(alone.err.find("/reset"), std::string::npos) << alone.err;
}

TEST_F(ChatKeepingTest, SettingsAreShownAndChanged) {
  const Result shown = chat("/set\n");
  EXPECT_EQ(shown.code, 0);
  for (const char* name : {"temperature", "top-k", "top-p", "max-tokens", "cfg-scale"}) {
    EXPECT_NE(shown.out.find(name), std::string::npos) << shown.out;
  }
  // Each does what its option does.
  const std::vector<std::pair<std::vector<std::string>, std::string>> same{
      {{"--temperature", "30"}, "/set temperature 30\n"},
      {{"--temperature", "30", "--top-k", "3"}, "/set --temperature=30\n/set top_k 3\n"},
      {{"--temperature", "30", "--top-p", "0.2"}, "/set temperature 30\n/set top-p = 0.2\n"},
      {{"--temperature", "30", "-s", "7"}, "/set temperature 30\n/seed 7\n"}};
  for (const auto& [options, commands] : same)
    EXPECT_EQ(answers(commands + "One?\nTwo?\n"), answers("One?\nTwo?\n", options)) << commands;
  EXPECT_EQ(Json::parse(answers("/set max-tokens 2\n/set temperature 30\nOne?\n")[0]).size(), 2U);
  EXPECT_EQ(chat("/set guidance 1\n/generate x\n", {"-q"}).code, 0);
  ASSERT_EQ(run_model({"generate", "x", "--cfg-scale", "1", "-o", path("alone.png")}).code, 0);
  EXPECT_EQ(read_image(path("made-00.png")).image.pixels, read_image(path("alone.png")).image.pixels);

  for (const char* wrong : {"temperature -1", "temperature hot", "temperature =", "top-p 0", "top-k 1.5",
                            "max-tokens 0", "cfg-scale nan"}) {
    const Result result = chat(std::string("/set ") + wrong + "\n");
    EXPECT_EQ(result.code, 1) << wrong;
    EXPECT_NE(result.err.find("expected"), std::string::npos) << result.err;
  }
  EXPECT_NE(chat("/set temprature 1\n").err.find("did you mean temperature?"), std::string::npos);
  EXPECT_NE(chat("/set seed 1\n").err.find("/seed sets it"), std::string::npos);
  EXPECT_EQ(chat("/seed x\n").code, 1);
  EXPECT_EQ(chat("/seed 4294967296\n").code, 1);
  EXPECT_NE(chat("/seed 9\n/seed\n").out.find("seed 9"), std::string::npos);
  // Standard output is JSON lines alone with --json.
  const Result json = chat("/set\n/help\n/seed\n", {"--json"});
  EXPECT_EQ(json.code, 0);
  EXPECT_EQ(json.out, "");
  EXPECT_NE(json.err.find("temperature"), std::string::npos);
}

TEST_F(ChatKeepingTest, TheSeedOfAnImageDoesNotDependOnFilesThatAreThere) {
  ASSERT_EQ(chat("/generate x\n").code, 0);
  ASSERT_EQ(chat("/generate x\n").out, path("made-01.png") + "\n");
  EXPECT_EQ(read_image(path("made-00.png")).image.pixels, read_image(path("made-01.png")).image.pixels);
}

TEST_F(ChatKeepingTest, ANameThatIsTooLongIsRefusedAndTheConversationGoesOn) {
  const std::string longer = path(std::string(256, 'n') + ".txt");
  const Result result = chat("Hi\n/save " + longer + "\n/save " + path("short.txt") + "\n");
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.err.find(longer), std::string::npos) << result.err;
  EXPECT_NE(read_file(path("short.txt")).find("> Hi\n"), std::string::npos);
}

TEST_F(ChatKeepingTest, SaveReplacesOnlyWhatThisConversationMade) {
  write_file(path("mine.txt"), "precious");
  const Result result = chat("Hi\n/save " + path("mine.txt") + "\n");
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(read_file(path("mine.txt")), "precious");
  EXPECT_NE(result.err.find(path("mine-2.txt")), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("/save!"), std::string::npos) << result.err;
  // The proposed name is free, its own file is replaced, another with "!".
  EXPECT_EQ(chat("Hi\n/save " + path("mine-2.txt") + "\nHo\n/save " + path("mine-2.txt") + "\n").code, 0);
  EXPECT_NE(read_file(path("mine-2.txt")).find("> Ho\n"), std::string::npos);
  EXPECT_NE(chat("Hi\n/save " + path("mine.txt") + "\n").err.find(path("mine-3.txt")), std::string::npos);
  EXPECT_EQ(chat("Hi\n/save! " + path("mine.txt") + "\n").code, 0);
  EXPECT_NE(read_file(path("mine.txt")).find("> Hi\n"), std::string::npos);
  // Names as they are typed.
  EXPECT_EQ(chat("Hi\n/save '" + path("a b.txt") + "'\n/save ~/c\\ d.txt\n").code, 0);
  EXPECT_TRUE(std::filesystem::exists(path("a b.txt")));
  EXPECT_TRUE(std::filesystem::exists(path("c d.txt")));
}

TEST_F(ChatKeepingTest, WhatIsLoadedGoesOnAsIfItHadNeverEnded) {
  const std::string a = image_file("my image.png");
  const std::string first = "/image " + a + "\nOne?\n/generate x\nTwo?\n", then = "Three?\nFour?\n";
  const auto whole = answers(first + then);
  ASSERT_EQ(whole.size(), 4U);
  ASSERT_EQ(chat("/seed 42\n" + first + "/save " + path("c.json") + "\n").code, 0);
  EXPECT_EQ(answers("/load " + path("c.json") + "\n" + then), (std::vector<std::string>{whole[2], whole[3]}));
  EXPECT_EQ(answers(then, {"--load", path("c.json")}), (std::vector<std::string>{whole[2], whole[3]}));
  // At a temperature, too: the seeds count on.
  const std::vector<std::string> hot{"--temperature", "30"};
  const auto drawn = answers("One?\nTwo?\n", hot);
  ASSERT_EQ(chat("One?\n/save " + path("hot.json") + "\n", hot).code, 0);
  EXPECT_EQ(answers("/load " + path("hot.json") + "\nTwo?\n", hot).back(), drawn[1]);
  // What was there before is gone, and what is taken back is what was loaded.
  const std::string load = "No?\n/load " + path("c.json") + "\n";
  EXPECT_EQ(answers(load + "/undo\nTwo?\n").back(), whole[1]);
  EXPECT_EQ(answers(load + "/undo\n/undo\n/undo\nOne?\n").back(), whole[0]);
  EXPECT_EQ(answers(load + "Three?\n/undo\n/undo\nNo?\n/undo\nTwo?\nThree?\n").back(), whole[2]);
  // Saved again, it is the same; so are images that wait for their question.
  ASSERT_EQ(chat("/load " + path("c.json") + "\n/save " + path("d.json") + "\n").code, 0);
  EXPECT_EQ(turns("d.json"), turns("c.json"));
  ASSERT_EQ(chat("/image " + a + "\n/save " + path("w.json") + "\n").code, 0);
  EXPECT_EQ(answers("/load " + path("w.json") + "\nOne?\n").back(), whole[0]);
  EXPECT_EQ(answers("One?\n", {"--load", path("w.json")}).back(), whole[0]);
}

TEST_F(ChatKeepingTest, WhatCannotBeLoadedLeavesTheConversation) {
  const std::string a = image_file("a.png");
  ASSERT_EQ(chat("/image " + a + "\nOne?\n/save " + path("c.json") + "\n").code, 0);
  const std::string good = read_file(path("c.json"));
  const auto plain = answers("One?\nTwo?\n");
  std::string longest = "[";
  for (int i = 0; i < 4000; ++i)
    longest += R"({"role":"user","text":"again"},{"role":"assistant","text":"again"},)";
  longest.back() = ']';
  const std::vector<std::string> wrong{
      "",
      "> One?\n\nwords\n",
      "{}",
      "[1]",
      R"([{"role":"user"}])",
      R"([{"role":"user","text":"One?"}])",
      R"([{"role":"assistant","text":"x"}])",
      R"([{"role":"user","text":"/generate x"}])",
      R"([{"role":"user","text":"a","images":"x"},{"role":"assistant","text":"b"}])",
      R"([{"role":"user","text":"a","images":[""]},{"role":"assistant","text":"b"}])",
      R"([{"role":"user","text":"a","images":["none.png"]},{"role":"assistant","text":"b"}])",
      R"([{"role":"user","text":"a"},{"role":"assistant","text":"b","ids":["x"]}])",
      R"([{"role":"user","text":"a"},{"role":"assistant","text":"b","ids":[99999999999]}])",
      R"([{"role":"user","text":"a"},{"role":"assistant","text":"b","seed":"x"}])",
      R"([{"role":"user","text":"a"},{"role":"assistant"}])",
      good.substr(0, good.size() / 2),
      longest};
  for (const std::string& text : wrong) {
    write_file(path("w.json"), text);
    const Result result = chat("One?\n/load " + path("w.json") + "\nTwo?\n", {"--json"});
    EXPECT_EQ(result.code, 3) << text.substr(0, 100);
    const auto lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 3U) << text.substr(0, 100);
    EXPECT_EQ(Json::parse(lines[2])["ids"].dump(), plain[1]) << text.substr(0, 100);
    EXPECT_EQ(chat("One?\n", {"--load", path("w.json")}).code, 1) << text.substr(0, 100);
  }
  EXPECT_EQ(chat("/load " + path("none.json") + "\n").code, 1);
  // Ids that are not the model's, or say something else, are not believed; the words are.
  write_file(path("words.json"),
             R"([{"role":"user","text":"a"},{"role":"assistant","text":"b","ids":[1,2000000000]}])");
  EXPECT_EQ(chat("/load " + path("words.json") + "\nTwo?\n").code, 0);
}

TEST_F(ChatKeepingTest, ANamedFileIsKeptUpToDateAndNeverAnothersReplaced) {
  const std::string file = path("keep.json");
  ASSERT_EQ(chat("One?\nTwo?\n/undo\n", {"--save", file}).code, 0);
  EXPECT_EQ(turns("keep.json").size(), 2U);
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const Result refused = chat("No?\n", {"--save", file});
  EXPECT_EQ(refused.code, 1);
  expect_one_error(refused.err);
  EXPECT_NE(refused.err.find(path("keep-2.json")), std::string::npos) << refused.err;
  EXPECT_EQ(turns("keep.json")[0]["text"], "One?");
  // To go on with it is what its name was given for.
  ASSERT_EQ(chat("Two?\n", {"--save", file, "--load", file}).code, 0);
  EXPECT_EQ(turns("keep.json").size(), 4U);
  // A new conversation has a new file.
  ASSERT_EQ(chat("Three?\n/reset\nFour?\n", {"--save", path("n.json")}).code, 0);
  EXPECT_EQ(turns("n.json")[0]["text"], "Three?");
  EXPECT_EQ(turns("n-2.json")[0]["text"], "Four?");
  EXPECT_EQ(chat("", {"--save", path("x.json"), "--no-save"}).code, 2);
  EXPECT_EQ(chat("", {"--save", path("none/x.json")}).code, 1);
  // From a pipe nothing is kept unasked.
  EXPECT_FALSE(std::filesystem::exists(path(".local/state/janus/chats")));
}

TEST_F(ChatKeepingTest, ImagesAreFoundHoweverTheyAreTyped) {
  const std::string image = image_file("it's my image.png"), other = image_file("b.png");
  const auto plain = answers("/image " + image + "\nOne?\n");
  for (const std::string& typed :
       {"\"" + image + "\"", path("it\\'s\\ my\\ image.png"), std::string("~/it's my image.png"),
        "file://" + path("it%27s%20my%20image.png")}) {
    EXPECT_EQ(answers("/image " + typed + "\nOne?\n"), plain) << typed;
  }
  EXPECT_EQ(answers("/image \"" + image + "\" " + other + "\nOne?\n"),
            answers("/image " + image + "\n/image " + other + "\nOne?\n"));
  // A file alone is no question; nor is standard input an image here.
  const Result bare = chat(other + "\n");
  EXPECT_EQ(bare.code, 1);
  EXPECT_NE(bare.err.find("did you mean /image " + other + "?"), std::string::npos) << bare.err;
  EXPECT_EQ(chat("/image -\n").code, 1);
  EXPECT_EQ(chat("", {"--image", "-"}).code, 1);
}

TEST_F(ChatKeepingTest, ByeAndExitEndAsQuitDoes) {
  const std::string once = chat("Hi\n").out;
  for (const char* word : {"/quit", "/bye", "/exit"}) {
    const Result result = chat("Hi\n" + std::string(word) + "\nHi\n");
    EXPECT_EQ(result.code, 0) << word;
    EXPECT_EQ(result.out, once) << word;
  }
  EXPECT_NE(chat("/byee\n").err.find("did you mean /bye?"), std::string::npos);
  EXPECT_NE(chat("/lod x\n").err.find("did you mean /load?"), std::string::npos);
}

TEST_F(ChatKeepingTest, TheBuiltinModelSaysThatItKnowsOneQuestion) {
  const std::string image = image_file("a.png");
  const std::string told = "answers only the question \"Describe this image.\"";
  const auto count = [&](const std::string& err) {
    int times = 0;
    for (const std::string& line : lines_of(err)) times += line.find(told) != std::string::npos ? 1 : 0;
    return times;
  };
  EXPECT_EQ(count(run({"describe", image}).err), 0);
  EXPECT_EQ(count(run({"describe", image, image, "-p", "Is it red?"}).err), 1);
  EXPECT_EQ(count(run({"describe", image, "-p", "Is it red?", "-q"}).err), 0);
  EXPECT_EQ(count(run({"describe", image, "--style", "tags"}).err), 1);
  EXPECT_EQ(count(run_model({"describe", image, "-p", "Is it red?", "-n", "2"}).err), 0);
  const std::vector<std::string> chat{"chat", "--image", image};
  EXPECT_EQ(count(run(chat, {.input = "Describe this image.\n"}).err), 0);
  EXPECT_EQ(count(run(chat, {.input = "Describe this image.\nRed?\nBlue?\n"}).err), 1);
}

}  // namespace
}  // namespace janus::test
