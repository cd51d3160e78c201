// janus chat at a terminal: Ctrl-C, the Tab key, and what is kept when the terminal goes away.
#include <sys/stat.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

const std::string kCtrlC = "\x03", kCtrlD = "\x04";

class ChatTerminalTest : public InFolder {
 protected:
  void SetUp() override {
    if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
    InFolder::SetUp();
  }
  static std::vector<std::string> chat(std::vector<std::string> words) {
    words.insert(words.begin(), {"chat", "-m", kModel});
    return words;
  }
  std::map<std::string, std::string> home() const { return {{"HOME", folder_}}; }
  std::vector<std::string> kept() const {
    std::vector<std::string> files;
    std::error_code fault;
    for (const auto& entry : std::filesystem::directory_iterator(path(".local/state/janus/chats"), fault)) {
      files.push_back(entry.path().string());
    }
    return files;
  }
  static Json turns(const std::string& file) { return Json::parse(read_file(file)); }

  static size_t count(const std::string& text, const std::string& part) {
    size_t times = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
    return times;
  }
};

TEST_F(ChatTerminalTest, CtrlCClearsTheLineAndTwiceOnAnEmptyOneEnds) {
  if (JANUS_WITH_LIBEDIT == 0) GTEST_SKIP() << "the build has no libedit";
  Terminal terminal(chat({}), home());
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/nonsense" + kCtrlC);
  ASSERT_TRUE(terminal.wait_for("^C")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  // Once on an empty line, and not twice in a row.
  for (int i = 0; i < 2; ++i) {
    terminal.type(kCtrlC);
    ASSERT_TRUE(terminal.wait_for("Ctrl-C again ends")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("/seed\r");
    ASSERT_TRUE(terminal.wait_for("seed 42 for")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  }
  // A line that is cleared in the middle does not count.
  terminal.type("abc\x1b[D\x1b[D" + kCtrlC);
  ASSERT_TRUE(terminal.wait_for("^C")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type(kCtrlC);
  ASSERT_TRUE(terminal.wait_for("Ctrl-C again ends")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type(kCtrlC);
  EXPECT_EQ(terminal.finish(), 130) << terminal.shown();
  EXPECT_EQ(terminal.shown().find("command /nonsense"), std::string::npos) << terminal.shown();
  EXPECT_TRUE(kept().empty());
}

TEST_F(ChatTerminalTest, WithoutLineEditingCtrlCDoesTheSame) {
  // Lines are edited only where standard error is a terminal, too.
  const std::string err = path("err.txt");
  const std::string command =
      std::string("exec '") + JANUS_PROGRAM + "' chat -m '" + kModel + "' 2>'" + err + "'";
  Terminal terminal({"-c", command}, home(), 100, "/bin/sh");
  const auto prompts = [&](size_t wanted) {
    for (int i = 0; i < 600; ++i) {
      if (std::filesystem::exists(err) && count(read_file(err), "> ") >= wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  };
  ASSERT_TRUE(prompts(1));
  terminal.type("/nonsense" + kCtrlC);
  ASSERT_TRUE(prompts(2));
  terminal.type("/seed\r");
  ASSERT_TRUE(terminal.wait_for("seed 42 for")) << terminal.shown();
  ASSERT_TRUE(prompts(3));
  terminal.type(kCtrlC);
  ASSERT_TRUE(prompts(4));
  terminal.type(kCtrlC);
  EXPECT_EQ(terminal.finish(), 130) << terminal.shown();
  EXPECT_EQ(read_file(err).find("command /nonsense"), std::string::npos) << read_file(err);
  // The terminal drops what stood in the line before anybody sees it, so each Ctrl-C is one on an empty line.
  EXPECT_EQ(count(read_file(err), "Ctrl-C again ends"), 2U) << read_file(err);
}

TEST_F(ChatTerminalTest, ATerminalThatCannotEditHasPlainLines) {
  auto environment = home();
  environment["TERM"] = "emacs";
  Terminal terminal(chat({}), environment);
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/seed\r");
  ASSERT_TRUE(terminal.wait_for("seed 42 for")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/nonsense" + kCtrlC);
  ASSERT_TRUE(terminal.wait_for("Ctrl-C again ends")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/quit\r");
  EXPECT_EQ(terminal.finish(), 0) << terminal.shown();
  EXPECT_EQ(terminal.shown().find("command /nonsense"), std::string::npos) << terminal.shown();
}

TEST_F(ChatTerminalTest, CtrlCStopsAnAnswerAndNothingElse) {
  Terminal terminal(chat({"-n", "100000", "--temperature", "30"}), home());
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("Tell me everything\r");
  // Behind the echo stands the beginning of the answer.
  ASSERT_TRUE(terminal.wait_for("everything\r\n")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for_anything()) << terminal.shown();
  terminal.type(kCtrlC);
  ASSERT_TRUE(terminal.wait_for("found Ctrl-C")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  EXPECT_EQ(terminal.shown().find("janus: answer"), std::string::npos) << "it is no error";
  // The conversation goes on without what was broken off.
  terminal.type("/set max-tokens 3\r");
  ASSERT_TRUE(terminal.wait_for("max-tokens   3")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("Briefly?\r");
  ASSERT_TRUE(terminal.wait_for("Briefly?\r\n")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/save " + path("c.json") + "\r");
  ASSERT_TRUE(terminal.wait_for("wrote ")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/quit\r");
  EXPECT_EQ(terminal.finish(), 0) << terminal.shown();
  const Json said = turns(path("c.json"));
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0]["text"], "Briefly?");
  // The seed of what was broken off is taken by the next answer, and what that sees is the question alone.
  const Result alone =
      run_model({"chat", "-n", "3", "--temperature", "30", "--json"}, {.input = "Briefly?\n"});
  EXPECT_EQ(Json::parse(alone.out)["ids"], said[1]["ids"]);
}

TEST_F(ChatTerminalTest, CtrlCStopsAnImageAndLeavesNoFile) {
  Terminal terminal(chat({"-o", path("made-%03d.png")}), home());
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  // An image takes moments here: the key may come too early or too late, and is then one at the prompt.
  const std::string stopped = "image: expected to finish it, found Ctrl-C";
  int tries = 0;
  for (; tries < 100 && terminal.shown().find(stopped) == std::string::npos; ++tries) {
    terminal.type("/generate x\r");
    ASSERT_TRUE(terminal.wait_for("/generate x\r\n")) << terminal.shown();
    std::this_thread::sleep_for(std::chrono::milliseconds(tries));
    terminal.type(kCtrlC);
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("/seed\r");
    ASSERT_TRUE(terminal.wait_for("for the next image\r\n")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  }
  EXPECT_NE(terminal.shown().find(stopped), std::string::npos) << terminal.shown();
  terminal.type(kCtrlD);
  EXPECT_EQ(terminal.finish(), 0) << terminal.shown();
  size_t files = 0;
  for (const std::string& name : names()) files += name.rfind("made-", 0) == 0 ? 1 : 0;
  EXPECT_EQ(files, count(terminal.shown(), ".png\r\n"));
  EXPECT_LT(files, static_cast<size_t>(tries));
}

TEST_F(ChatTerminalTest, WhatWasSaidOutlivesTheProgram) {
  const std::string image = image_file("my image.png");
  Json before;
  {
    Terminal terminal(chat({"-n", "4", "-o", path("made-%03d.png")}), home());
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    EXPECT_TRUE(kept().empty());
    terminal.type("/image '" + image + "'\r");
    ASSERT_TRUE(terminal.wait_for("next question")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("One?\r");
    ASSERT_TRUE(terminal.wait_for("One?\r\n")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("/generate x\r");
    ASSERT_TRUE(terminal.wait_for("made-000.png")) << terminal.shown();
    ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    // The prompt is there, so the file is. What ends the program now is SIGKILL.
    ASSERT_EQ(kept().size(), 1U);
    before = turns(kept()[0]);
  }
  ASSERT_EQ(kept().size(), 1U);
  const std::string file = kept()[0];
  EXPECT_EQ(turns(file), before);
  ASSERT_EQ(before.size(), 3U);
  EXPECT_EQ(before[0]["images"][0], image);
  EXPECT_EQ(before[2]["text"], "/generate x");
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(stat(std::filesystem::path(file).parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);

  Terminal again(chat({"-n", "4", "-o", path("made-%03d.png")}), home());
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  again.type("/load\r");
  ASSERT_TRUE(again.wait_for(file + "  One?")) << again.shown();
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  again.type("/load " + file + "\r");
  ASSERT_TRUE(again.wait_for(": 1 question, 2 images")) << again.shown();
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  again.type("Two?\r");
  ASSERT_TRUE(again.wait_for("Two?\r\n")) << again.shown();
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  again.type("/reset\r");
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  again.type("Three?\r");
  ASSERT_TRUE(again.wait_for("Three?\r\n")) << again.shown();
  ASSERT_TRUE(again.wait_for("> ")) << again.shown();
  again.type(kCtrlD);
  ASSERT_TRUE(again.wait_for("--load")) << again.shown();
  EXPECT_EQ(again.finish(), 0) << again.shown();
  // The file that was loaded stays as it is; what went on behind it is one more, what followed the reset
  // another.
  EXPECT_EQ(turns(file), before);
  ASSERT_EQ(kept().size(), 3U);
  size_t turns_kept = 0;
  for (const std::string& one : kept()) turns_kept += turns(one).size();
  EXPECT_EQ(turns_kept, 3U + 5U + 2U);
}

TEST_F(ChatTerminalTest, NothingIsKeptWhereNobodyWantsItOrItCannotBe) {
  const auto ask = [&](std::vector<std::string> words,
                       const std::map<std::string, std::string>& environment) {
    words.insert(words.end(), {"-n", "3"});
    Terminal terminal(chat(words), environment);
    EXPECT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("One?\r");
    EXPECT_TRUE(terminal.wait_for("One?\r\n")) << terminal.shown();
    EXPECT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type("Two?\r");
    EXPECT_TRUE(terminal.wait_for("Two?\r\n")) << terminal.shown();
    EXPECT_TRUE(terminal.wait_for("> ")) << terminal.shown();
    terminal.type(kCtrlD);
    EXPECT_EQ(terminal.finish(), 0) << terminal.shown();
    return terminal.shown();
  };
  EXPECT_EQ(ask({"--no-save"}, home()).find("--load"), std::string::npos);
  EXPECT_TRUE(kept().empty());
  write_file(path("file"), "x");
  EXPECT_EQ(count(ask({}, {{"HOME", path("file")}}), "is not kept"), 1U);
}

TEST_F(ChatTerminalTest, TabCompletesWhatIsTyped) {
  if (JANUS_WITH_LIBEDIT == 0) GTEST_SKIP() << "the build has no libedit";
  const std::string image = image_file("my image.png");
  image_file("other one.png");
  image_file("other two.png");
  Terminal terminal(chat({}), home());
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/im\t~/my\t\r");
  ASSERT_TRUE(terminal.wait_for("my image.png is part of the next question")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  // Several that fit are shown, and the line goes on.
  terminal.type("/image '~/oth\t\t");
  ASSERT_TRUE(terminal.wait_for("other one.png  other two.png")) << terminal.shown();
  terminal.type("tw\t\r");
  ASSERT_TRUE(terminal.wait_for("other two.png is part of the next question")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/set max\t7\r");
  ASSERT_TRUE(terminal.wait_for("max-tokens   7")) << terminal.shown();
  ASSERT_TRUE(terminal.wait_for("> ")) << terminal.shown();
  terminal.type("/by\t\r");
  EXPECT_EQ(terminal.finish(), 0) << terminal.shown();
}

}  // namespace
}  // namespace janus::test
