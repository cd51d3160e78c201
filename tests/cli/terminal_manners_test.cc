// What a terminal shows and scripts read: widths, bars, signals, pure JSON.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Words kCommands{"describe", "generate", "chat",       "encode",  "decode", "embed", "score",
                      "tokenize", "info",     "bench",      "pull",    "help",   "list",  "rm",
                      "caption",  "quantize", "completion", "options", ""};

size_t widest(const std::string& text) {
  size_t widest = 0;
  for (std::string line : lines_of(text)) {
    if (line.ends_with('\r')) line.pop_back();
    // A word that is longer stands alone, and a quoted one is never broken.
    if (line.find(' ', line.find_first_not_of(' ')) == std::string::npos || has(line, "\"")) continue;
    widest = std::max(widest, line.size());
  }
  return widest;
}

TEST(Width, HelpFitsTheTerminal) {
  if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
  for (const unsigned short columns : {40, 60, 80, 200}) {
    for (const char* command : {"generate", "caption", "options", "pull", ""}) {
      Words words{"help"};
      if (*command != '\0') words.emplace_back(command);
      Terminal terminal(words, {}, columns);
      EXPECT_EQ(terminal.finish(), 0);
      EXPECT_LE(widest(terminal.shown()), columns) << command << "\n" << terminal.shown();
    }
  }
}

TEST(Width, HelpHasEightyColumnsWhereNoneAreKnown) {
  for (const std::string& command : kCommands) {
    const Result help = run(command.empty() ? Words{"help"} : Words{"help", command});
    EXPECT_LE(widest(help.out), 80U) << command << "\n" << help.out;
    EXPECT_GT(widest(help.out), 60U) << command;
  }
  EXPECT_LE(widest(run({"help", "generate"}, {.environment = {{"COLUMNS", "50"}}}).out), 50U);
}

using Tables = InFolder;

TEST_F(Tables, WrapOnATerminalAlone) {
  if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
  // The built-in model, whose answers are words.
  const std::vector<Words> tables{{"info", "-q"},
                                  {"describe", image_file("a.png"), image_file("bb.png"), "--table", "-q"}};
  for (const Words& words : tables) {
    if (words[0] == "describe" && JANUS_WITH_SENTENCEPIECE == 0) continue;
    const Result whole = run(words);
    ASSERT_EQ(whole.code, 0) << whole.err;
    EXPECT_GT(widest(whole.out), 60U) << words[0];
    constexpr unsigned short kColumns = 50;
    Terminal terminal(words, {}, kColumns);
    EXPECT_EQ(terminal.finish(), 0);
    EXPECT_LE(widest(terminal.shown()), kColumns) << words[0] << "\n" << terminal.shown();
    EXPECT_GT(lines_of(terminal.shown()).size(), lines_of(whole.out).size()) << words[0];
  }
}

// A run that is long enough for a bar.
const Words kLong{"generate", "a red circle", "-b", "400", "-o", "", "--cfg-scale", "1"};

class Bars : public InFolder {
 protected:
  Words long_run() const {
    Words words = kLong;
    words[5] = path("x-%d.png");
    return words;
  }
};

TEST_F(Bars, KeepTheTimeLeftInANarrowTerminalAndNeedNoColour) {
  if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
  for (const unsigned short columns : {24, 120}) {
    Terminal terminal(long_run(), {{"NO_COLOR", "1"}, {"JANUS_BUILTIN_NOTICE", "never"}}, columns);
    ASSERT_TRUE(terminal.wait_for(" left")) << terminal.shown();
    EXPECT_EQ(has(terminal.shown(), "[#") || has(terminal.shown(), "[."), columns == 120) << terminal.shown();
    terminal.terminate();
    EXPECT_EQ(terminal.finish(), 143);
  }
}

TEST_F(Bars, EverySignalHasItsOwnCodeAndLeavesWholeImages) {
  for (const auto& [signal, code] : std::map<int, int>{{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}}) {
    Process process(long_run());
    const std::string first = path("x-0.png");
    for (int i = 0; i < 3000 && !std::filesystem::exists(first); ++i) usleep(10000);
    ASSERT_TRUE(std::filesystem::exists(first));
    process.send(signal);
    EXPECT_EQ(process.finish().code, code);
    for (const std::string& name : names()) {
      EXPECT_TRUE(name.ends_with(".png")) << name;
      std::filesystem::remove(path(name));
    }
  }
}

TEST(Json, ProgressIsPureJsonToTheLastError) {
  const auto expect_pure = [](const std::string& err, const char* key) {
    ASSERT_NE(err, "");
    for (const std::string& line : lines_of(err)) {
      const auto object = nlohmann::json::parse(line, nullptr, false);
      ASSERT_TRUE(object.is_object()) << line;
    }
    EXPECT_TRUE(has(err, std::string("{\"") + key + "\":")) << err;
  };
  expect_pure(run({"describe", "/no/such.png", "--json-progress"}).err, "notice");
  expect_pure(run({"describe", "/no/such.png", "--json-progress"}).err, "error");
  expect_pure(run({"describe", "/no/such.png", "-q", "--json-progress"}).err, "error");
  expect_pure(run({"describe", "--json-progress"}).err, "error");
  expect_pure(run({"describe", "x.png", "--frobnicate", "--json-progress"}).err, "error");
  expect_pure(run({"describe", "/no/such.png"}, {.environment = {{"JANUS_JSON_PROGRESS", "1"}}}).err,
              "error");
}

}  // namespace
}  // namespace janus::test
