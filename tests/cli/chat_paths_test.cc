// What a conversation makes of typed and dragged paths, and of the Tab key.
#include <stdlib.h>

#include "cli/chat/completion.h"
#include "cli/chat/typed_path.h"
#include "tests/cli/program.h"

namespace janus::test {
namespace {

using cli::complete_line;
using cli::typed_inputs;
using cli::typed_path;
using Paths = std::vector<std::string>;

class TypedPathTest : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    ASSERT_EQ(setenv("HOME", folder_.c_str(), 1), 0);
  }
  std::string make(const std::string& name) const {
    write_file(path(name), "x");
    return path(name);
  }
};

TEST_F(TypedPathTest, OneFileHoweverItIsWritten) {
  const std::string plain = make("photo.jpg"), spaced = make("my photo.jpg"), quote = make("it's \"x\".jpg"),
                    ending = make("ends in space "), back = make("back\\slash"), per = make("100%41.jpg"),
                    accent = make("caf\xc3\xa9.jpg");
  const std::vector<std::pair<std::string, std::string>> cases{
      {plain, plain},
      {"'" + plain + "'", plain},
      {spaced, spaced},  // as it is, though no shell would take it so
      {"'" + spaced + "'", spaced},
      {"\"" + spaced + "\"", spaced},
      {folder_ + "/my\\ photo.jpg", spaced},
      {folder_ + "/'my photo'.jpg", spaced},
      {"file://" + folder_ + "/my%20photo.jpg", spaced},
      {"file://localhost" + folder_ + "/my%20photo.jpg", spaced},
      {"file:" + folder_ + "/my%20photo.jpg", spaced},
      {"'file://" + folder_ + "/my%20photo.jpg'", spaced},
      {"~/my photo.jpg", spaced},
      {"~/my\\ photo.jpg", spaced},
      {"'~/my photo.jpg'", spaced},
      {"\"~/my photo.jpg\"", spaced},
      {quote, quote},
      {"'" + folder_ + "/it'\\''s \"x\".jpg'", quote},
      {folder_ + "/it\\'s\\ \\\"x\\\".jpg", quote},
      {"\"" + folder_ + "/it's \\\"x\\\".jpg\"", quote},
      {folder_ + "/ends\\ in\\ space\\", ending},  // the line has lost the space
      {back, back},
      {folder_ + "/back\\\\slash", back},
      {per, per},
      {"file://" + folder_ + "/100%2541.jpg", per},
      {"file://" + folder_ + "/caf%C3%A9.jpg", accent},
  };
  for (const auto& [typed, meant] : cases) {
    EXPECT_EQ(typed_inputs(typed), Paths{meant}) << typed;
    EXPECT_EQ(typed_path(typed), meant) << typed;
  }
}

TEST_F(TypedPathTest, SeveralFilesAreAllThereOrOnePathIsMeant) {
  const std::string a = make("a.png"), b = make("b c.png");
  EXPECT_EQ(typed_inputs("'" + a + "' '" + b + "'"), (Paths{a, b}));
  EXPECT_EQ(typed_inputs(a + " " + folder_ + "/b\\ c.png"), (Paths{a, b}));
  EXPECT_EQ(typed_inputs("file://" + a + " file://" + folder_ + "/b%20c.png"), (Paths{a, b}));
  const std::string both = a + " and none.png";
  EXPECT_EQ(typed_inputs(both), Paths{both});
}

TEST_F(TypedPathTest, WhatIsNotThereIsTakenAsItIsMeant) {
  EXPECT_EQ(typed_path("'new file.json'"), "new file.json");
  EXPECT_EQ(typed_path("new\\ file.json"), "new file.json");
  EXPECT_EQ(typed_path("new file.json"), "new file.json");
  EXPECT_EQ(typed_path("it's.txt"), "it's.txt");  // no quote is closed
  EXPECT_EQ(typed_path("~/new.json"), path("new.json"));
  EXPECT_EQ(typed_path("~no-such-user/x"), "~no-such-user/x");
  EXPECT_EQ(typed_path("file://elsewhere.example/x"), "file://elsewhere.example/x");
  EXPECT_EQ(typed_path("a~b"), "a~b");
}

TEST_F(TypedPathTest, TabCompletesCommandsAndSettings) {
  const Paths settings{"temperature", "top-k", "top-p"};
  EXPECT_EQ(complete_line("/im", settings).insert, "age ");
  EXPECT_EQ(complete_line("/und", settings).insert, "o");
  EXPECT_EQ(complete_line("/se", settings).choices, (Paths{"/set", "/seed"}));
  EXPECT_EQ(complete_line("/sav", settings).insert, "e");
  EXPECT_EQ(complete_line("/set te", settings).insert, "mperature ");
  EXPECT_EQ(complete_line("/set to", settings).insert, "p-");
  for (const char* line : {"", "What", "/nothing", "/help x", "/generate a", "What /im"}) {
    EXPECT_TRUE(complete_line(line, settings).insert.empty()) << line;
    EXPECT_TRUE(complete_line(line, settings).choices.empty()) << line;
  }
}

TEST_F(TypedPathTest, TabCompletesPathsInTheQuotesTheyWereBegunIn) {
  make("my photo.jpg");
  make("other it's.png");
  make(".hidden");
  make("caf\xc3\xa9");
  make("caf\xc3\xa8");
  std::filesystem::create_directories(path("sub folder"));
  write_file(path("sub folder/in.png"), "x");
  const auto insert = [&](const std::string& line) { return complete_line(line, {}).insert; };
  EXPECT_EQ(insert("/image " + folder_ + "/my"), "\\ photo.jpg ");
  EXPECT_EQ(insert("/image " + folder_ + "/my\\ p"), "hoto.jpg ");
  EXPECT_EQ(insert("/image " + folder_ + "/my p"), "hoto.jpg ");
  EXPECT_EQ(insert("/image '" + folder_ + "/my"), " photo.jpg' ");
  EXPECT_EQ(insert("/image \"" + folder_ + "/my p"), "hoto.jpg\" ");
  EXPECT_EQ(insert("/image '" + folder_ + "/other"), " it'\\''s.png' ");
  EXPECT_EQ(insert("/image " + folder_ + "/other"), "\\ it\\'s.png ");
  EXPECT_EQ(insert("/load ~/my"), "\\ photo.jpg ");
  EXPECT_EQ(insert("/image ~/sub"), "\\ folder/");
  EXPECT_EQ(insert("/image '" + folder_ + "/sub folder/"), "in.png' ");
  EXPECT_EQ(insert("/image " + folder_ + "/.h"), "idden ");
  EXPECT_EQ(insert("/save! " + folder_ + "/my"), "\\ photo.jpg ");
  // A second one behind a first.
  EXPECT_EQ(insert("/image " + folder_ + "/my\\ photo.jpg " + folder_ + "/oth"), "er\\ it\\'s.png ");
  // Whole characters only: two names that share the first byte of the last one.
  EXPECT_EQ(insert("/image " + folder_ + "/c"), "af");
  EXPECT_EQ(complete_line("/image " + folder_ + "/caf", {}).choices, (Paths{"caf\xc3\xa8", "caf\xc3\xa9"}));
  EXPECT_EQ(complete_line("/image " + folder_ + "/", {}).choices.size(), 5U);
  EXPECT_EQ(insert("/image " + folder_ + "/my\\"), "");
  EXPECT_EQ(insert("/image " + folder_ + "/none"), "");

  // What is completed is taken for what it is.
  for (const std::string& begun :
       {folder_ + "/oth", "'" + folder_ + "/oth", "\"" + folder_ + "/oth", std::string("~/oth")}) {
    std::string line = begun + insert("/image " + begun);
    ASSERT_EQ(line.back(), ' ');
    line.pop_back();
    EXPECT_EQ(typed_inputs(line), Paths{path("other it's.png")}) << line;
  }
}

}  // namespace
}  // namespace janus::test
