// janus chat: from a pipe, and at a terminal.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

class ChatTest : public InFolder {
 protected:
  Result chat(const std::string& input, std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"chat", "-n", "5", "-o", path("made-%02d.png")});
    return run_model(words, {.input = input});
  }
};

TEST_F(ChatTest, TheFirstAnswerIsThatOfDescribe) {
  const std::string image = image_file("a.png");
  Result result = chat("/image " + image + "\nWhat is it?\n");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, run_model({"describe", image, "-p", "What is it?", "-n", "5"}).out);
  EXPECT_EQ(chat("What is it?", {"--image", image}).out, result.out);
}

TEST_F(ChatTest, TurnsRememberWhatWasSaidUntilReset) {
  const std::string image = image_file("a.png");
  Result result = chat("/image " + image + "\nOne?\nTwo?\n/reset\nTwo?\n", {"--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<Json> records;
  for (const std::string& line : lines_of(result.out)) records.push_back(Json::parse(line));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["images"], Json::array({image}));
  EXPECT_TRUE(records[1]["images"].empty());
  EXPECT_GT(records[1]["tokens"].get<int>(), records[0]["tokens"].get<int>());
  EXPECT_LT(records[2]["tokens"].get<int>(), records[0]["tokens"].get<int>());
  EXPECT_NE(records[1]["ids"], records[2]["ids"]);
}

TEST_F(ChatTest, AGeneratedImageIsTheOneOfGenerateAndPartOfTheNextQuestion) {
  Result result = chat("/generate a red circle\nWhat is it?\n/generate two\n");
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string made = path("made-00.png");
  std::vector<std::string> lines = lines_of(result.out);
  EXPECT_EQ(lines.front(), made);
  EXPECT_EQ(lines.back(), path("made-01.png"));
  ASSERT_EQ(run_model({"generate", "a red circle", "-o", path("alone.png")}).code, 0);
  EXPECT_EQ(read_image(made).image.pixels, read_image(path("alone.png")).image.pixels);
  EXPECT_EQ(result.out, made + "\n" + run_model({"describe", made, "-p", "What is it?", "-n", "5"}).out +
                            path("made-01.png") + "\n");
  // A later conversation writes over none of them.
  EXPECT_EQ(chat("/generate three\n").out, path("made-02.png") + "\n");
}

TEST_F(ChatTest, WhatFailsIsOneLineAndTheConversationGoesOn) {
  const std::string image = image_file("a.png");
  Result result = chat("/image " + path("none.png") + "\n/imgae x\n/reset now\n/save " + folder_ +
                       "/no/x\nHi\n" + std::string(30000, 'z') + "\nHi\n");
  EXPECT_EQ(result.code, 3);
  Result alone = chat("Hi\nHi\n");
  EXPECT_EQ(alone.code, 0);
  EXPECT_EQ(result.out, alone.out);
  int errors = 0;
  for (const std::string& line : lines_of(result.err)) errors += line.rfind("janus: ", 0) == 0 ? 1 : 0;
  EXPECT_EQ(errors, 5) << result.err;
  EXPECT_NE(result.err.find("did you mean /image?"), std::string::npos) << result.err;
  EXPECT_EQ(chat("/image x\n").code, 1);
  EXPECT_EQ(chat("").code, 0);
  EXPECT_EQ(chat("/quit\nHi\n").out, "");
}

TEST_F(ChatTest, MoreThanThereIsRoomForIsRefused) {
  const std::string image = image_file("a.png");
  std::string many;
  for (int k = 0; k < 200; ++k) many += "/image " + image + "\n";
  Result result = chat(many + "/reset\nWhat?\n");
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.err.find("/reset"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, chat("What?\n").out);

  result = chat(std::string(3 << 20, 'z'));
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("standard input"), std::string::npos) << result.err;
  const std::string binary("\0\xff\xfe\n/image \0\n", 13);
  EXPECT_EQ(chat(binary + "Hi\n").code, 3);
}

TEST_F(ChatTest, SavesTextOrJson) {
  const std::string image = image_file("a.png");
  Result result =
      chat("/image " + image + "\nWhat?\n/save " + path("c.json") + "\n/save " + path("c.txt") + "\n");
  ASSERT_EQ(result.code, 0) << result.err;
  const Json turns = Json::parse(read_file(path("c.json")));
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_EQ(turns[0]["role"], "user");
  EXPECT_EQ(turns[0]["text"], "What?");
  EXPECT_EQ(turns[0]["images"][0], image);
  EXPECT_EQ(turns[1]["text"].get<std::string>() + "\n", result.out);
  EXPECT_EQ(read_file(path("c.txt")).rfind("[" + image + "]\n> What?\n", 0), 0U);
}

TEST_F(ChatTest, AReaderThatGoesAwayEndsItQuietly) {
  const std::string questions = "One?\nTwo?\nThree?\n";
  Result result = run_model({"chat", "-n", "3"}, {.input = questions, .close_output = true});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err.find("janus: "), std::string::npos) << result.err;
}

TEST_F(ChatTest, AtATerminalLinesAreEditedAndRemembered) {
  if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
  const std::vector<std::string> words{"chat", "-m", kModel, "-n", "4"};
  const std::map<std::string, std::string> home{{"HOME", folder_}, {"XDG_STATE_HOME", path("state")}};
  {
    Terminal terminal(words, home);
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    // A letter too many is taken back.
    terminal.type("/helx\x7fp\r");
    ASSERT_TRUE(terminal.wait_for("/generate PROMPT")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("/nothing\r");
    ASSERT_TRUE(terminal.wait_for("janus: command /nothing")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("\x04");
    EXPECT_EQ(terminal.finish(), 0) << terminal.shown();
  }
  {
    // Before the prompt the terminal takes Ctrl-D for itself.
    Terminal early(words, home);
    early.type("\x04");
    EXPECT_EQ(early.finish(), 0) << early.shown();
  }
  if (JANUS_WITH_LIBEDIT == 0) return;
  EXPECT_NE(read_file(path("state/janus/chat_history")).find("/help"), std::string::npos);
  Terminal again(words, home);
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  // Twice the arrow up: the line before the last.
  again.type("\x1b[A\x1b[A\r");
  EXPECT_TRUE(again.wait_for("/generate PROMPT")) << again.shown();
  EXPECT_TRUE(again.wait_for("> ")) << again.shown();
  again.type("\x04");
  EXPECT_EQ(again.finish(), 0);
}

}  // namespace
}  // namespace janus::test
