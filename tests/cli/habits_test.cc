// What people expect of any program: slips forgiven, settings kept, completions, man pages.
#include <sys/stat.h>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Words = std::vector<std::string>;

const Words kCommands{"describe",   "generate", "chat",     "encode", "decode", "embed",
                      "score",      "tokenize", "info",     "bench",  "pull",   "help",
                      "completion", "caption",  "quantize", "list",   "rm",     "serve"};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Suggestions, ASlipIsToldWhatWasMeant) {
  const std::vector<std::pair<Words, std::string>> slips{
      {{"genrate", "x"}, "did you mean generate?"},
      {{"descirbe", "x.png"}, "did you mean describe?"},
      {{"complete", "bash"}, "did you mean completion?"},
      {{"describe", "x.png", "--sed", "1"}, "did you mean --seed?"},
      {{"info", "--sed", "1"}, "see janus info --help"},
      {{"generate", "x", "-o", "x.png", "--cfg_scale", "3"}, "did you mean --cfg-scale?"},
      {{"generate", "x", "-o", "x.png", "--temprature=3"}, "did you mean --temperature?"},
      {{"generate", "x", "-o", "x.png", "--best", "3"}, "did you mean --best-of?"},
      {{"help", "generat"}, "did you mean generate?"},
      {{"xyzzy"}, "see janus --help"},
      {{"info", "--xyzzy"}, "see janus info --help"},
      {{"info", "--" + std::string(5000, 'x')}, "see janus info --help"},
  };
  for (const auto& [words, expected] : slips) {
    Result result = run(words);
    EXPECT_EQ(result.code, 2) << words[0];
    expect_one_error(result.err);
    EXPECT_TRUE(has(result.err, expected)) << result.err;
  }
}

TEST(Help, EveryCommandOpensWithThreeExamplesOfItsOwn) {
  for (const std::string& command : kCommands) {
    Result result = run({command, "--help"});
    ASSERT_EQ(result.code, 0) << command;
    Words lines = lines_of(result.out);
    ASSERT_EQ(lines[0], "Examples:");
    size_t examples = 1;
    while (!lines[examples].empty()) ++examples;
    EXPECT_GE(examples - 1, 3U) << command;
    EXPECT_TRUE(has(lines[1], "janus " + command)) << lines[1];
    EXPECT_EQ(run({"help", command}).out, result.out);
  }
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
}

TEST(Help, ManPagesHoldEveryOptionOfTheHelp) {
  for (const std::string& command : kCommands) {
    Result page = run({"help", command, "--man"});
    ASSERT_EQ(page.code, 0) << page.err;
    EXPECT_EQ(page.out.rfind(".TH janus\\-" + command + " 1 ", 0), 0U) << page.out.substr(0, 60);
    for (const std::string& line : lines_of(run({command, "--help"}).out)) {
      const size_t at = line.find("--");
      if (line.rfind("  ", 0) != 0 || line.rfind("  janus", 0) == 0 || at == std::string::npos || at > 8)
        continue;
      std::string name = line.substr(at, line.find(' ', at) - at), escaped;
      for (char c : name) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
      EXPECT_TRUE(has(page.out, "\\fB" + escaped + "\\fR")) << command << " " << name;
    }
  }
}

TEST(Devices, AreListedWithTheProcessorFirst) {
  Result result = run({"--list-devices"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.rfind("cpu ", 0), 0U) << result.out;
  EXPECT_GT(lines_of(result.out)[0].size(), 12U);
  for (const Words& words : {Words{"--list-devices", "--json"}, Words{"-q", "--json", "--list-devices"}}) {
    Result objects = run(words);
    EXPECT_EQ(objects.code, 0);
    EXPECT_EQ(objects.out.rfind("{\"device\":\"cpu\",\"description\":", 0), 0U) << objects.out;
    EXPECT_EQ(objects.err, "");
  }
  EXPECT_EQ(run({"--version", "--json", "-q"}).out.rfind("{\"program\":\"janus\",\"version\":", 0), 0U);
}

class Completion : public InFolder {
 protected:
  // What bash offers for a line that ends at its last word.
  Words offers(Words words) const {
    std::string script = "source '" + path("janus.bash") + "'; COMP_WORDS=(janus";
    for (const std::string& word : words) script += " '" + word + "'";
    script += "); COMP_CWORD=" + std::to_string(words.size()) + "; cd '" + folder_ +
              "'; _janus; printf '%s\\n' \"${COMPREPLY[@]}\" > offers";
    EXPECT_EQ(std::system(("bash -c \"" + quoted(script) + "\"").c_str()), 0);
    Words found = lines_of(read_file(path("offers")));
    if (found == Words{""}) found.clear();
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string quoted(const std::string& text) {
    std::string result;
    for (char c : text) {
      if (c == '"' || c == '$' || c == '\\' || c == '`') result += '\\';
      result += c;
    }
    return result;
  }
};

TEST_F(Completion, BashKnowsCommandsOptionsAndValues) {
  Result script = run({"completion", "bash"});
  ASSERT_EQ(script.code, 0) << script.err;
  write_file(path("janus.bash"), script.out);
  write_file(path("photo.png"), "");
  EXPECT_EQ(offers({"ge"}), Words{"generate"});
  EXPECT_EQ(offers({""}).size(), kCommands.size());
  EXPECT_EQ(offers({"generate", "x", "--best"}), Words{"--best-of"});
  EXPECT_EQ(offers({"generate", "--ranker", ""}), (Words{"self-caption", "self-vqa"}));
  EXPECT_EQ(offers({"describe", "--style", "s"}), Words{"short"});
  EXPECT_EQ(offers({"describe", "--see"}), Words{"--seed"});
  EXPECT_EQ(offers({"info", "--see"}), Words{});
  EXPECT_EQ(offers({"describe", "pho"}), Words{"photo.png"});
  EXPECT_EQ(offers({"generate", "-o", "pho"}), Words{"photo.png"});
  // What stands behind the last = or :, as readline breaks words there.
  EXPECT_EQ(offers({"quantize", "--keep", "vision=bf"}), Words{"bf16"});
  EXPECT_EQ(offers({"quantize", "--keep", "vision=bf16,heads=bf"}), Words{"bf16"});
  EXPECT_EQ(offers({"quantize", "--keep", "visi"}).front(), "vision=bf16");
  EXPECT_EQ(offers({"bench", "--only", "pre"}), Words{"prefill"});
  EXPECT_EQ(offers({"help", "op"}), Words{"options"});
  EXPECT_EQ(offers({"generate", "--cfg-scale", ""}), Words{});
  EXPECT_EQ(offers({"completion", "z"}), Words{"zsh"});
  EXPECT_EQ(offers({"--list"}), Words{"--list-devices"});
  const Words types = offers({"--type", ""});
  EXPECT_NE(std::find(types.begin(), types.end(), "bf16"), types.end());
  EXPECT_TRUE(offers({"describe", "--best"}).empty());
}

TEST_F(Completion, EveryShellHasAScriptAndOthersAreRefused) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    Result result = run({"completion", shell});
    EXPECT_EQ(result.code, 0);
    for (const std::string& command : kCommands) EXPECT_TRUE(has(result.out, command)) << shell;
    EXPECT_TRUE(has(result.out, "retry-errors")) << shell;
    write_file(path("script"), result.out);
    // Where the shell is installed, it must be able to read its script.
    std::string test =
        std::string("command -v ") + shell + " >/dev/null || exit 0; " + shell + " -n " + path("script");
    EXPECT_EQ(std::system(("sh -c '" + test + "'").c_str()), 0) << shell;
  }
  EXPECT_EQ(run({"completion", "tcsh"}).code, 2);
  EXPECT_EQ(run({"completion"}).code, 2);
}

TEST_F(Completion, AWriteOfAllPagesIsWhatAPackageInstalls) {
  Result result = run({"help", "--write-pages", folder_});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(names().size(), kCommands.size() + 4);
  EXPECT_EQ(read_file(path("janus-chat.1")), run({"help", "chat", "--man"}).out);
  EXPECT_EQ(run({"help", "--write-pages", path("none")}).code, 1);
}

class Settings : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    std::filesystem::create_directories(path("xdg/janus"));
  }
  Result with(const std::string& toml, const Words& words,
              std::map<std::string, std::string> environment = {}) const {
    write_file(path("xdg/janus/config.toml"), toml);
    environment.emplace("XDG_CONFIG_HOME", path("xdg"));
    return run(words, {.environment = environment});
  }
};

TEST_F(Settings, StandBelowTheEnvironmentAndTheOptions) {
  const std::string toml =
      "model = \"" + kModel + "\"\nseed = 5\n[generate]\nseed = 6\nquiet = false\ncfg-scale = 2.5\n";
  const Words words{"generate", "x", "-o", path("x.png"), "--json"};
  if (JANUS_WITH_TOML == 0) {
    Result refused = with(toml, words);
    EXPECT_EQ(refused.code, 1);
    expect_one_error(refused.err);
    EXPECT_EQ(with(toml, {"tokenize", "a", "-m", kModel}, {{"JANUS_CONFIG_FILE", ""}}).code, 0);
    return;
  }
  Result result = with(toml, words);
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(has(result.out, "\"seed\":6,")) << result.out;
  EXPECT_TRUE(has(result.out, "\"guidance\":2.5,")) << result.out;
  EXPECT_TRUE(has(with(toml, words, {{"JANUS_SEED", "7"}}).out, "\"seed\":7,"));
  Words own = words;
  own.insert(own.end(), {"-s", "8"});
  EXPECT_TRUE(has(with(toml, own, {{"JANUS_SEED", "7"}}).out, "\"seed\":8,"));
  EXPECT_TRUE(has(with(toml, {"describe", image_file("a.png"), "--json", "-n", "1"}).out, "\"seed\":5,"));
  // HOME is where the folder is looked for without XDG_CONFIG_HOME.
  std::filesystem::rename(path("xdg"), path(".config"));
  EXPECT_EQ(run({"tokenize", "a"}, {.environment = {{"HOME", folder_}}}).out,
            run_model({"tokenize", "a"}).out);
}

TEST_F(Settings, AWrongFileIsOneErrorThatNamesIt) {
  if (JANUS_WITH_TOML == 0) GTEST_SKIP() << "this build reads no settings";
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"seed = ", "line 1"},
      {"sed = 1", "did you mean seed?"},
      {"[genrate]\nseed = 1", "did you mean generate?"},
      {"[describe]\ncfg-scale = 1", "cfg-scale"},
      {"seed = [1]", "seed"},
      {"[generate.deep]\nseed = 1", "deep"}};
  for (const auto& [toml, expected] : wrong) {
    Result result = with(toml, {"tokenize", "a", "-m", kModel});
    EXPECT_EQ(result.code, 1) << toml;
    expect_one_error(result.err);
    EXPECT_TRUE(has(result.err, "config.toml")) << result.err;
    EXPECT_TRUE(has(result.err, expected)) << result.err;
    EXPECT_EQ(with(toml, {"tokenize", "--help"}).code, 0);
  }
  Result range = with("seed = -7.5", {"tokenize", "a", "-m", kModel});
  EXPECT_EQ(range.code, 2);
  EXPECT_TRUE(has(range.err, "config.toml")) << range.err;
  EXPECT_EQ(run({"tokenize", "a", "-m", kModel}, {.environment = {{"JANUS_CONFIG_FILE", path("none")}}}).code,
            1);
}

class DescribeForPeople : public InFolder {};

TEST_F(DescribeForPeople, StylesAreTheQuestionsTheHelpNames) {
  // As it is before it is wrapped.
  std::string help;
  for (const char c : run({"describe", "--help"}).out) {
    if (c != ' ' && c != '\n') {
      help += c;
    } else if (!help.ends_with(' ')) {
      help += ' ';
    }
  }
  const std::string image = image_file("a.png");
  for (const std::string style : {"short", "detailed", "tags", "alt-text", "ocr"}) {
    Result result = run_model({"describe", image, "--style", style, "-n", "3", "--json"});
    ASSERT_EQ(result.code, 0) << result.err;
    const size_t at = result.out.find("\"prompt\":\"") + 10;
    const std::string prompt = result.out.substr(at, result.out.find('"', at) - at);
    EXPECT_TRUE(has(help, prompt)) << style << ": " << prompt;
    Result asked = run_model({"describe", image, "-p", prompt, "-n", "3"});
    EXPECT_EQ(run_model({"describe", image, "-n", "3"}, {.environment = {{"JANUS_STYLE", style}}}).out,
              asked.out);
  }
  EXPECT_EQ(run_model({"describe", image, "--style", "short", "-p", "x"}).code, 2);
  EXPECT_EQ(run_model({"describe", image, "--style", "poem"}).code, 2);
}

TEST_F(DescribeForPeople, TheQuestionMayComeFromStandardInput) {
  const std::string image = image_file("a.png");
  Result result = run_model({"describe", image, "-p", "-", "-n", "4"}, {.input = "What is\nit?\n"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, run_model({"describe", image, "-p", "What is\nit?\n", "-n", "4"}).out);
  EXPECT_EQ(run_model({"describe", image, "-p", "-"}, {.input = " \n"}).code, 1);
  EXPECT_EQ(run_model({"describe", "-", "-p", "-"}, {.input = "x"}).code, 2);
}

TEST_F(DescribeForPeople, ATableHasALineAnImage) {
  const std::string first = image_file("a.png"), second = image_file("longer name.png", 30, 30, 20);
  write_file(path("bad.png"), "no picture");
  Result result = run_model({"describe", first, path("bad.png"), second, "--table", "-n", "8"});
  EXPECT_EQ(result.code, 3);
  Words lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U) << result.out;
  std::string answer = run_model({"describe", second, "-n", "8", "-s", "44"}).out;
  answer.pop_back();
  std::replace(answer.begin(), answer.end(), '\n', ' ');
  EXPECT_EQ(lines[1], second + "  " + answer);
  EXPECT_EQ(lines[0].rfind(first + std::string(second.size() - first.size() + 2, ' '), 0), 0U) << lines[0];
  EXPECT_EQ(run_model({"describe", first, "--table", "--json"}).code, 2);
}

}  // namespace
}  // namespace janus::test
