// What the program says of a command line before any work, and of a world that is not as the line says.
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Words = std::vector<std::string>;

class WrongCommandLine : public testing::TestWithParam<Words> {};

TEST_P(WrongCommandLine, IsExitTwoWithOneLineAndNoModelOpened) {
  Result result = run(GetParam(), {.environment = {{"JANUS_MODEL", "/no/such/model"}}});
  EXPECT_EQ(result.code, 2) << result.err;
  EXPECT_EQ(result.out, "");
  expect_one_error(result.err);
  EXPECT_EQ(result.err.find("/no/such/model"), std::string::npos) << result.err;
}

const Words kWrong[] = {
    {"-q"},
    {"--json"},
    {"frobnicate"},
    {"--frobnicate", "info"},
    // What later versions may bring is unknown now.
    {"chat", "x"},
    {"chat", "-o", "x.bmp"},
    {"chat", "-o", "x-%d-%d.png"},
    {"chat", "--temperature", "-1"},
    {"chat", "--image", ""},
    {"pull"},
    {"pull", "a"},
    {"pull", "a/b/c"},
    {"pull", "../b"},
    {"pull", "a/..", "-j", "2"},
    {"pull", "a/b@"},
    {"pull", "a/b@../x"},
    {"pull", "a/b", "c/d"},
    {"pull", "a/b", "-j", "0"},
    {"pull", "a/b", "--retries", "-1"},
    {"pull", "a/b", "--timeout", "0"},
    {"generate", "x", "-o", "x.png", "--grid"},
    // Options of generate that do not go together.
    {"generate", "x", "-o", "x.png", "--best-of", "0"},
    {"generate", "x", "-o", "x.png", "--best-of", "2", "--keep", "3"},
    {"generate", "x", "-o", "x.png", "--best-of", "2", "-b", "2"},
    {"generate", "x", "-o", "x.png", "--best-of", "2", "--ranker", "luck"},
    {"generate", "x", "-o", "x.png", "--keep", "1"},
    {"generate", "x", "-o", "x.png", "--ranker", "self-vqa"},
    {"generate", "x", "-o", "-", "--best-of", "2", "--keep", "2"},
    {"generate", "x", "-o", "x.png", "--upscale", "1"},
    {"generate", "x", "-o", "x.png", "--upscale", "2.5"},
    {"generate", "x", "-o", "x.png", "--preview", "p.txt"},
    {"generate", "x", "-o", "x.png", "--preview", "p.png", "--preview-every", "0"},
    {"generate", "x", "-o", "x.png", "--grid", "-"},
    {"generate", "x", "-o", "x.png", "--grid", "g.gif"},
    {"generate", "x", "-o", "x.png", "-b", "5000", "--grid", "g.png"},
    {"generate", "x", "--prompts", "p.txt", "-o", "x.png"},
    {"generate", "--prompts", "p.txt", "-o", "-"},
    {"generate", "--prompts", "p.txt", "-o", "x.bmp"},
    {"generate", "--prompts", "p.txt", "-o", "x.png", "--codes-out", "x.txt"},
    {"generate", "--prompts", "p.txt"},
    {"generate", "--prompts", "", "-o", "x-%d.png"},
    {"generate", "--prompts", "p.txt", "-o", "x-%s.png"},
    {"generate", "--prompts", "p.txt", "-o", "x-%d.png", "--records", "-"},
    {"generate", "x", "-o", "x.png", "--records", "r.jsonl"},
    {"generate", "x", "-o", "x.png", "--overwrite", "--no-clobber"},
    {"encode", "x.png", "-o", "x.json", "--overwrite", "--no-clobber"},
    {"generate", "--prompts", "x.txt"},
    {"generate", "x", "-o", "x.png", "--retry-errors"},
    {"generate", "x", "-o", "x.png", "--preview-every", "2"},
    {"generate", "x", "-o", "x.png", "--preview", "-"},
    {"generate", "x", "-o", "x.png", "--preview", "x.png"},
    {"generate", "x", "-o", "x.png", "--grid", "x.png"},
    {"generate", "x", "-o", "x.png", "--upscale", "9"},
    {"generate", "x", "-o", "x.png", "--best-of", "10001"},
    {"generate", "x", "-o", "x.png", "-b", "1000001"},
    // Missing and surplus words.
    {"describe"},
    {"describe", "x.png", "-p"},
    {"generate", "-o", "x.png"},
    {"generate", "x", "y", "-o", "x.png"},
    {"encode", "x.png"},
    {"encode", "-o", "x.json"},
    {"decode", "x.json"},
    {"embed", "x.png"},
    {"tokenize"},
    {"tokenize", "a", "b"},
    {"info", "a", "b"},
    {"score"},
    {"score", "--image", "x.png"},
    {"score", "--image", "x.png", "--text", ""},
    {"score", "--image", "x.png", "--codes", "c.json", "--text", "x", "-p", "y"},
    {"score", "--codes", "c.json"},
    {"score", "x.png", "--image", "y.png", "--text", "x"},
    {"score", "x.png", "--codes", "c.json", "-p", "x"},
    {"score", "x.png", "--text", "x"},
    {"score", "x.png", "y.png"},
    {"score", "--codes", "c.json", "-p", "x", "--text", "y"},
    {"score", "--image", "x.png", "--text", "x", "--cfg-scale", "2"},
    // Prompts that say nothing.
    {"describe", "x.png", "-p", ""},
    {"describe", "x.png", "-p", " \n"},
    {"generate", "", "-o", "x.png"},
    {"score", "--codes", "c.json", "-p", ""},
    // Ranges and numbers.
    {"generate", "x", "-o", "x.png", "-b", "0"},
    {"generate", "x", "-o", "x.png", "-b", "-1"},
    {"generate", "x", "-o", "x.png", "-b", "1.5"},
    {"generate", "x", "-o", "x.png", "-b", "99999999999999999999"},
    {"generate", "x", "-o", "x.png", "-b", ""},
    {"generate", "x", "-o", "x.png", "--cfg-scale", "-0.1"},
    {"generate", "x", "-o", "x.png", "--cfg-scale", "nan"},
    {"generate", "x", "-o", "x.png", "--cfg-scale", "inf"},
    {"generate", "x", "-o", "x.png", "--cfg-scale", "1e39"},
    {"generate", "x", "-o", "x.png", "--temperature", "-1"},
    {"generate", "x", "-o", "x.png", "--temperature", "1x"},
    {"generate", "x", "-o", "x.png", "--temperature", "NaN"},
    {"generate", "x", "-o", "x.png", "--temperature", "1e-60"},
    {"generate", "x", "-o", "x.png", "--top-p", "0"},
    {"generate", "x", "-o", "x.png", "--top-p", "1.01"},
    {"generate", "x", "-o", "x.png", "--top-p", "nan"},
    {"generate", "x", "-o", "x.png", "--top-k", "-1"},
    {"generate", "x", "-o", "x.png", "--top-k", "2147483648"},
    {"describe", "x.png", "--temperature", "-1"},
    {"describe", "x.png", "--top-p", "0"},
    {"describe", "x.png", "--top-k", "one"},
    {"describe", "x.png", "-n", "0"},
    {"describe", "x.png", "-n", "5 "},
    {"describe", "x.png", "-s", "4294967296"},
    {"describe", "x.png", "-s", "0x10"},
    {"describe", "x.png", "-s", "99999999999999999999"},
    {"list", "--json", "--names"},
    {"list", "x"},
    {"rm"},
    {"info", "-t", "0"},
    {"info", "-t", "100000"},
    {"info", "--device", "gpu"},
    {"info", "--device", "cuda:x"},
    {"info", "--type", "f64"},
    {"info", "--json=perhaps"},
    {"info", "-m", ""},
    {"embed", "x.png", "-o", "x.npy", "--stage", "middle"},
    {"bench", "--config", "janus-9b"},
    {"tokenize", "--decode", "1 two"},
    {"tokenize", "--decode", "-1"},
    {"tokenize", "--decode", "99999999999"},
    // Outputs.
    {"generate", "x", "-o", "x.bmp"},
    {"generate", "x", "-o", "x"},
    {"generate", "x", "-o", ""},
    {"generate", "x", "-o", "-", "--json"},
    {"generate", "x", "-o", "-", "-b", "2"},
    {"generate", "x", "-o", "x-%s.png"},
    {"generate", "x", "-o", "x-%d-%d.png"},
    {"generate", "x", "-o", "x-%3d.png"},
    {"generate", "x", "-o", "x-%00d.png"},
    {"generate", "x", "-o", "x-%099d.png"},
    {"generate", "x", "-o", "x-%ld.png"},
    {"generate", "x", "-o", "x%.png"},
    {"generate", "x", "-o", "x.png", "--codes-out", "x.txt"},
    {"generate", "x", "-o", "x.png", "--codes-out", "x-%n.json"},
    {"generate", "x", "-o", "x.png", "--codes-out", "-", "--json"},
    {"generate", "x", "-o", "-", "--codes-out", "-"},
    {"encode", "x.png", "-o", "x.txt"},
    {"encode", "x.png", "-o", "-", "--json"},
    {"decode", "x.json", "-o", "x.tga"},
    {"decode", "x.json", "-o", "-", "--json"},
    {"embed", "x.png", "-o", "x.bin"},
    {"embed", "x.png", "-o", "-", "--json"},
};
INSTANTIATE_TEST_SUITE_P(All, WrongCommandLine, testing::ValuesIn(kWrong));

TEST(CommandLine, CommonOptionsAreTakenByEveryCommand) {
  // Scripts give the same ones to all of them, also where they change nothing.
  const Words common{"--type", "f32", "--device", "cpu", "-t", "1", "-s", "7", "-n", "5", "-q"};
  for (Words words : {Words{"tokenize", "a red circle"}, Words{"info"}, Words{"list"}}) {
    words.insert(words.end(), common.begin(), common.end());
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << words[0] << ": " << result.err;
  }
}

TEST(CommandLine, OptionsAreCheckedInTheEnvironmentToo) {
  const std::map<std::string, std::string> wrong{
      {"JANUS_SEED", "x"},         {"JANUS_THREADS", "0"},    {"JANUS_MAX_TOKENS", "-3"},
      {"JANUS_TYPE", "q9"},        {"JANUS_DEVICE", "tpu"},   {"JANUS_JSON", "maybe"},
      {"JANUS_TOP_P", "nan"},      {"JANUS_TOP_K", "1e3"},    {"JANUS_CFG_SCALE", "-1"},
      {"JANUS_PROMPT", " "},       {"JANUS_QUIET", "2"},      {"JANUS_BATCH_COUNT", "0"},
      {"JANUS_TEMPERATURE", "-1"}, {"JANUS_OUTPUT", "x.bmp"},
  };
  for (const auto& [name, value] : wrong) {
    Words words = name == "JANUS_PROMPT" ? Words{"describe", "x.png"} : Words{"generate", "x"};
    if (name != "JANUS_OUTPUT" && name != "JANUS_PROMPT") words.insert(words.end(), {"-o", "x.png"});
    Result result = run(words, {.environment = {{name, value}, {"JANUS_MODEL", "/no/such/model"}}});
    EXPECT_EQ(result.code, 2) << name << ": " << result.err;
    expect_one_error(result.err);
    if (name != "JANUS_OUTPUT") {
      EXPECT_NE(result.err.find("$" + name), std::string::npos) << result.err;
    }
  }
}

TEST(CommandLine, EnvironmentCountsOnlyForOptionsOfTheCommandThatAreNotGiven) {
  EXPECT_EQ(run_model({"info"}, {.environment = {{"JANUS_TOP_K", "x"}, {"JANUS_CFG_SCALE", "x"}}}).code, 0);
  // What is set for all commands is no fault where it changes nothing.
  EXPECT_EQ(run_model({"info"}, {.environment = {{"JANUS_SEED", "7"}, {"JANUS_MAX_TOKENS", "9"}}}).code, 0);
  EXPECT_EQ(run_model({"info", "-t", "1"}, {.environment = {{"JANUS_THREADS", "x"}}}).code, 0);
  EXPECT_EQ(run({"info"}, {.environment = {{"JANUS_MODEL", kModel}, {"JANUS_SEED", ""}}}).code, 0);
}

TEST(CommandLine, EnvironmentStandsForOptions) {
  Result given = run({"info", "--json", "-m", kModel});
  Result inherited = run({"info"}, {.environment = {{"JANUS_MODEL", kModel}, {"JANUS_JSON", "1"}}});
  EXPECT_EQ(inherited.code, 0) << inherited.err;
  EXPECT_EQ(given.out, inherited.out);
  EXPECT_EQ(given.out.rfind("{\"family\":", 0), 0U) << given.out;
}

TEST(CommandLine, TheLastOfRepeatedOptionsCounts) {
  EXPECT_EQ(run({"info", "-m", "/no/such/model", "-m", kModel, "-q", "-q"}).code, 0);
}

TEST(CommandLine, CommonOptionsMayStandBeforeTheCommand) {
  Result result = run({"-m", kModel, "--json", "info"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out[0], '{');
}

TEST(CommandLine, WordsThatLookLikeCommandsOrOptionsCanBeArguments) {
  EXPECT_EQ(run_model({"tokenize", "info"}).code, 0);
  EXPECT_EQ(run({"tokenize", "-q", "-m", kModel, "--", "--seed"}).code, 0);
  EXPECT_EQ(run_model({"tokenize", "-q", "-5"}).code, 0);
}

TEST(CommandLine, WordsInBracketsStayWhole) {
  const Result result = run_model({"describe", "[no,such]"});
  EXPECT_NE(result.err.find("picture [no,such]:"), std::string::npos) << result.err;
}

TEST(CommandLine, HelpOpensWithExamples) {
  for (const Words& words :
       {Words{"--help"}, Words{"-h"}, Words{"describe", "--help"}, Words{"generate", "--help"},
        Words{"encode", "--help"}, Words{"decode", "--help"}, Words{"embed", "--help"},
        Words{"score", "--help"}, Words{"tokenize", "--help"}, Words{"info", "--help"},
        Words{"bench", "--help"}, Words{"pull", "--help"}}) {
    Result result = run(words, {.environment = {{"JANUS_SEED", "x"}}});
    EXPECT_EQ(result.code, 0) << words[0];
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.out.rfind("Examples:\n  janus ", 0), 0U) << result.out;
    if (words.size() > 1) {
      EXPECT_NE(result.out.find("janus " + words[0] + " "), std::string::npos);
    }
  }
}

TEST(CommandLine, CommonOptionsAreToldInOnePlace) {
  const std::string options = run({"help", "options"}).out;
  for (const char* name :
       {"-m, --model MODEL", "-n, --max-tokens N", "--json-progress", "config.toml", "143"}) {
    EXPECT_NE(options.find(name), std::string::npos) << name;
  }
  const std::string info = run({"info", "--help"}).out, describe = run({"describe", "--help"}).out;
  EXPECT_EQ(info.find("--max-tokens N"), std::string::npos);
  const size_t at = info.find("Common options");
  ASSERT_NE(at, std::string::npos);
  EXPECT_NE(info.find("--device", at), std::string::npos);
  EXPECT_EQ(info.find("-s,", at), std::string::npos) << "info takes no seed";
  EXPECT_NE(describe.find("-s,", describe.find("Common options")), std::string::npos);
}

// Scripts give the same common options to every command: where one changes nothing it is no fault.
TEST(CommandLine, EveryCommandAcceptsEveryCommonOption) {
  const Words common{"-m",
                     kModel,
                     "--builtin-notice",
                     "never",
                     "--device",
                     "cpu",
                     "--type",
                     "native",
                     "-t",
                     "1",
                     "-s",
                     "1",
                     "-n",
                     "1",
                     "--verify",
                     "--json",
                     "--json-progress",
                     "-q",
                     "-v"};
  for (const char* command :
       {"describe", "generate", "chat", "encode", "decode", "embed", "score", "tokenize", "info", "bench",
        "caption", "pull", "list", "rm", "quantize", "help", "completion"}) {
    Words words{command};
    words.insert(words.end(), common.begin(), common.end());
    words.emplace_back("--xyzzy");
    const Result result = run(words);
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_NE(result.err.find("--xyzzy"), std::string::npos) << command << ": " << result.err;
  }
  for (Words words : {Words{"list"}, Words{"help", "info"}, Words{"completion", "bash"}, Words{"info"},
                      Words{"tokenize", "a"}}) {
    words.insert(words.end(), common.begin(), common.end());
    EXPECT_EQ(run(words).code, 0) << words[0];
  }
  for (const char* wrong : {"--seed=x", "--max-tokens=0"}) EXPECT_EQ(run({"list", wrong}).code, 2) << wrong;
}

TEST(CommandLine, NothingAtAllIsAShortWelcome) {
  Result result = run({}, {.environment = {{"JANUS_SEED", "x"}}});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_LE(lines_of(result.out).size(), 14U);
  for (const char* part : {"janus generate ", "janus describe ", "janus chat", "janus help"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  }
}

TEST(CommandLine, WordsWithoutQuotesAreToldSo) {
  for (const Words& words :
       {Words{"generate", "a", "red", "circle", "-o", "x.png"},
        Words{"generate", "-o", "x.png", "a", "red", "circle"}, Words{"tokenize", "a", "red", "circle"}}) {
    Result result = run(words);
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("found 3 words; put it in quotes: janus " + words[0] + " \"a red circle\""),
              std::string::npos)
        << result.err;
  }
}

TEST(CommandLine, VersionIsOneLine) {
  Result result = run({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(lines_of(result.out).size(), 1U);
  EXPECT_EQ(result.out.rfind("janus ", 0), 0U);
  EXPECT_EQ(result.err, "");
}

TEST(World, AMissingModelIsExitOneAndSaysHowToGetOne) {
  for (const char* model : {"/no/such/model", "deepseek-community/Janus-Pro-1B", "model.gguf"}) {
    Result result = run({"info", "-m", model}, {.environment = {{"HF_HUB_CACHE", "/no/such/cache"}}});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.out, "");
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("hf download"), std::string::npos) << result.err;
  }
}

TEST(World, AModelThatIsAFileOrAnEmptyFolderIsExitOne) {
  for (const std::string& model : {kModel + "/config.json", std::string(JANUS_TEST_DATA)}) {
    Result result = run({"tokenize", "x", "-q", "-m", model});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(model), std::string::npos) << result.err;
  }
}

TEST(World, ADeviceThatIsNotThereIsExitOne) {
  Result result = run_model({"info", "--device", "cuda:99"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("cuda"), std::string::npos) << result.err;
}

TEST(World, LineEndsInNamesDoNotBreakTheErrorLine) {
  Result result = run({"info", "-q", "-m", "no\nsuch\x1b[31mmodel"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("no\\nsuch\\x1b"), std::string::npos) << result.err;
}

TEST(World, AStandardOutputThatCannotBeWrittenIsExitOne) {
  Result result = run_model({"info", "-q"}, {.output_file = "/dev/full"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
}

TEST(World, AReaderThatHasGoneIsNothingToTalkAbout) {
  for (const Words& words : {Words{"info", "-q"}, Words{"tokenize", "-q", "x"}, Words{"--help"}}) {
    Result result = run_model(words, {.close_output = true});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "");
  }
}

}  // namespace
}  // namespace janus::test
