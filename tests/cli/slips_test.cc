// Slips of the command line: what is wrong is told, and what to write in its place.
#include <filesystem>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Words = std::vector<std::string>;

// A command line that is wrong, and what its one line of error must hold.
struct Slip {
  Words words;
  Words parts;
};

void expect_told(const std::vector<Slip>& slips) {
  for (const Slip& slip : slips) {
    Result result = run(slip.words);
    EXPECT_EQ(result.code, 2) << result.err;
    expect_one_error(result.err);
    for (const std::string& part : slip.parts) {
      EXPECT_NE(result.err.find(part), std::string::npos) << "no \"" << part << "\" in " << result.err;
    }
  }
}

Words generate(const Words& more) {
  Words words{"generate", "a red circle", "-o", "no/such/x.png"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Slips, ANumberWrittenAnotherWayIsToldAsItIsToBeWritten) {
  expect_told({
      {generate({"--temperature", "0,7"}), {"option --temperature", "found \"0,7\"; write 0.7"}},
      {generate({"--temperature", "70%"}), {"write 0.7"}},
      {generate({"--top-p", "90%"}), {"write 0.9"}},
      {generate({"--cfg-scale", "5,0"}), {"write 5"}},
      {generate({"-b", "1,000"}), {"found \"1,000\"; write 1000"}},
      {generate({"-b", "4.0"}), {"write 4"}},
      {generate({"-b", "+4"}), {"write 4"}},
      {generate({"-b", " 4"}), {"write 4"}},
      {generate({"-b=4"}), {"found \"=4\"; write 4"}},
      {generate({"-b", "2k"}), {"write 2000"}},
      {generate({"--upscale", "2x"}), {"write 2"}},
      {generate({"--seed", "0x10"}), {"write 16"}},
      // Out of range, or no number: nothing is guessed.
      {generate({"--upscale", "10x"}), {"whole number from 2 to 8", "see janus generate --help"}},
      {generate({"-t", "2.5"}), {"see janus help options"}},
      {generate({"--seed", "abc"}), {"see janus help options"}},
      {generate({"--top-k", "all"}), {"see janus generate --help"}},
      {generate({"--temperature", ""}), {"found \"\"; see janus generate --help"}},
      {generate({"--temperature", "-"}), {"see janus generate --help"}},
  });
}

TEST(Slips, AChoiceThatIsNearIsProposed) {
  expect_told({{generate({"--type", "Q8_0"}), {"did you mean q8_0?"}},
               {{"completion", "bsh"}, {"did you mean bash?"}},
               {generate({"--type", "int3"}), {"see janus help options"}}});
}

TEST(Slips, AnOptionWithoutItsValueIsNamed) {
  expect_told({
      {{"generate", "x", "-o"}, {"option --output", "expected a value, found none; give it one: -o OUT"}},
      {generate({"--seed"}), {"option --seed", "found none; give it one: --seed N"}},
      {generate({"--seed", "--quiet"}), {"option --seed", "found the option --quiet", "--seed N --quiet"}},
      {{"describe", "-p", "-q", "x.png"}, {"option --prompt", "found the option -q"}},
      {{"describe", "x.png", "-m", "--json"}, {"option --model", "found the option --json"}},
  });
  // Behind = anything is a value.
  EXPECT_EQ(run({"tokenize", "x", "--model=--json"}).code, 1);
}

TEST(Slips, OneDashBeforeALongNameIsNoValueOfAShortOne) {
  expect_told({
      {generate({"-seed", "3"}), {"found \"-seed\"; did you mean --seed?"}},
      {generate({"-temperature=1"}), {"found \"-temperature=1\"; did you mean --temperature?"}},
      {{"describe", "-model", "x", "x.png"}, {"did you mean --model?"}},
  });
}

TEST(Slips, WordsThatNothingTakesSayWhatToWrite) {
  expect_told({
      {{"generate", "-p", "a cat", "-o", "x.png"}, {"found \"-p\"; leave -p out"}},
      {{"generate", "--prompt", "a cat", "-o", "x.png"}, {"leave --prompt out"}},
      {{"tokenize", "--decode", "1", "2"}, {"found 2 words", "janus tokenize \"1 2\" --decode"}},
      {{"generate", "a", "cat", "-o", "x y.png"}, {"janus generate \"a cat\" -o 'x y.png'"}},
      {{"generate", "a", "$cat"}, {"janus generate 'a $cat'"}},
      {{"generate", "a", "cat", "--stpes", "3"}, {"found \"--stpes\""}},
      {{"decode", "a.json", "b.json", "-o", "x.png"}, {"expected one CODES, found 2; run janus decode once"}},
      {{"list", "x"}, {"expected none of janus list, found \"x\"; see janus list --help"}},
      {{"--verison"}, {"found \"--verison\"; did you mean --version?"}},
      {{"--xyzzy"}, {"found \"--xyzzy\"; see janus --help"}},
      {{"generate"}, {"argument PROMPT", "expected one (what the image shows), found none"}},
  });
}

}  // namespace
}  // namespace janus::test
