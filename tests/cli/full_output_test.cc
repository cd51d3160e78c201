// A standard output that takes no more ends the run once, in every command that writes results one by one.
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

class FullOutput : public CaptionFiles {
 protected:
  // Each writes several results.
  std::vector<std::vector<std::string>> commands() const {
    const std::string one = path("p/000.png"), two = path("p/001.png"), three = path("p/002.png");
    write_file(path("prompts.txt"), "a cat\na dog\na cow\n");
    return {{"describe", one, two, three, "-n", "4"},
            {"describe", one, two, three, "-n", "4", "--json"},
            {"describe", one, two, three, "-n", "4", "--table"},
            {"caption", path("p"), "-n", "4"},
            {"chat", "-n", "4"},
            {"chat", "-n", "4", "--json"},
            {"generate", "--prompts", path("prompts.txt"), "-o", path("o/"), "--json", "--overwrite"},
            {"generate", "a cat", "-b", "3", "-o", path("x.png"), "--json"}};
  }
};

TEST_F(FullOutput, EndsTheRunWithOneLine) {
  image_files("p", 3);
  for (std::vector<std::string> words : commands()) {
    SCOPED_TRACE(::testing::PrintToString(words));
    words.emplace_back("-q");
    const Result result = run_model(words, {.input = "One?\nTwo?\nThree?\n", .output_file = "/dev/full"});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("output, standard output: "), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
  }
}

TEST_F(FullOutput, AReaderThatHasGoneEndsTheRunWithoutAWord) {
  image_files("p", 3);
  for (std::vector<std::string> words : commands()) {
    SCOPED_TRACE(::testing::PrintToString(words));
    words.emplace_back("-q");
    const Result result = run_model(words, {.input = "One?\nTwo?\nThree?\n", .close_output = true});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(FullOutput, AnImageThatCouldNotBeWrittenIsMadeByTheNextRun) {
  write_file(path("prompts.txt"), "a cat\na dog\n");
  std::filesystem::create_directories(path("o/00001.png/in_the_way"));
  const std::vector<std::string> words{"generate", "--prompts", path("prompts.txt"), "-o", path("o/"), "-q"};
  EXPECT_EQ(run_model(words).code, 3);
  std::filesystem::remove_all(path("o/00001.png"));
  EXPECT_EQ(run_model(words).code, 0);
  EXPECT_TRUE(std::filesystem::is_regular_file(path("o/00001.png")));
}

}  // namespace
}  // namespace janus::test
