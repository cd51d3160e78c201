// Completion in a real bash, at a terminal: what appears when Tab is pressed.
#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

class InBash : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
    if (access("/bin/bash", X_OK) != 0) GTEST_SKIP() << "this machine has no bash";
    std::filesystem::create_directories(path("bin"));
    std::filesystem::create_directories(path("here"));
    std::filesystem::create_symlink(JANUS_PROGRAM, path("bin/janus"));
    const std::string snapshot = path("cache/models--some-one--Own-Model/snapshots/") + std::string(40, 'a');
    std::filesystem::create_directories(snapshot);
    for (const auto& entry : std::filesystem::directory_iterator(kModel)) {
      std::filesystem::copy(entry.path(), snapshot + "/" + entry.path().filename().string());
    }
    write_file(path("rc"), "PS1='ready> '\ncd '" + path("here") + "'\nsource <(janus completion bash)\n");
  }

  // Whether the line that `typed` and Tab make holds `expected`.
  void expect_completed(const std::string& typed, const std::string& expected) const {
    Terminal bash({"--norc", "--noprofile", "--rcfile", path("rc"), "-i"},
                  {{"PATH", path("bin") + ":/usr/bin:/bin"},
                   {"HOME", path("here")},
                   {"INPUTRC", "/dev/null"},
                   {"HF_HUB_CACHE", path("cache")}},
                  200, "/bin/bash");
    bash.type("source '" + path("rc") + "'\r");
    ASSERT_TRUE(bash.wait_for("ready> ")) << bash.shown();
    bash.type(typed + "\t");
    EXPECT_TRUE(bash.wait_for(expected)) << typed << "\n" << bash.shown();
  }
};

TEST_F(InBash, NamesWithSpacesAreQuotedAndOtherFilesLeftOut) {
  write_file(path("here/my photo.png"), "");
  write_file(path("here/my notes.txt"), "");
  expect_completed("janus describe my", "my\\ photo.png ");
  expect_completed("janus describe my\\ ph", "my\\ photo.png ");
  expect_completed("janus describe \"my ph", "\"my photo.png\" ");
  expect_completed("janus embed -t 1 my", "photo.png ");
}

TEST_F(InBash, AFolderAndAFileOfAnyKindAreStillThere) {
  std::filesystem::create_directories(path("here/some pictures"));
  expect_completed("janus describe so", "some\\ pictures/");
  write_file(path("here/unusual.xyz"), "");
  expect_completed("janus describe unu", "unusual.xyz ");
}

TEST_F(InBash, ValuesAreWhatTheProgramKnows) {
  expect_completed("janus --type=q8", "--type=q8_0 ");
  expect_completed("janus describe --style al", "--style alt-text ");
  expect_completed("janus describe --device cp", "--device cpu ");
  expect_completed("janus quantize --keep vision=bf", "vision=bf16");
  expect_completed("janus describe -m Own", "-m Own-Model ");
  expect_completed("janus rm some", "some-one/Own-Model ");
  expect_completed("janus rm Own", "Own-Model ");
  expect_completed("janus describe -m janus-t", "-m janus-tiny ");
}

// Whether `script` offers janus-tiny, which cannot be removed, where a model is to be.
TEST(CompletionScripts, TheBuiltInModelIsNotOfferedForRemoval) {
  const std::string bash = run({"completion", "bash"}).out, zsh = run({"completion", "zsh"}).out,
                    fish = run({"completion", "fish"}).out;
  for (const std::string& script : {bash, zsh}) {
    const size_t rm = script.rfind("    rm)");
    ASSERT_NE(rm, std::string::npos);
    const std::string its = script.substr(rm, script.find(";;", rm) - rm);
    EXPECT_NE(its.find("_janus_cached"), std::string::npos) << its;
    EXPECT_EQ(its.find("_janus_models"), std::string::npos) << its;
  }
  EXPECT_NE(fish.find("__fish_seen_subcommand_from rm' -f -a '(__janus_cached)'"), std::string::npos);
}

TEST(CompletionScripts, OptionsThatChangeNothingInACommandAreLeftOutOfItAlone) {
  const std::string script = run({"completion", "bash"}).out;
  const auto options_of = [&](const std::string& command) {
    const size_t at = script.rfind("    " + command + ")\n      if ");
    return at == std::string::npos ? "" : script.substr(at, script.find(";;", at) - at);
  };
  EXPECT_EQ(options_of("info").find("--seed"), std::string::npos) << options_of("info");
  EXPECT_NE(options_of("info").find("--device"), std::string::npos);
  EXPECT_NE(options_of("describe").find("--seed"), std::string::npos);
  EXPECT_EQ(options_of("list").find("--model"), std::string::npos);
}

// Completion in a real zsh.
TEST_F(InFolder, ZshOffersFilesOfOneKindAlone) {
  if (!Terminal::available()) GTEST_SKIP() << "this machine has no terminals";
  const char* program = access("/usr/bin/zsh", X_OK) == 0 ? "/usr/bin/zsh" : "/bin/zsh";
  if (access(program, X_OK) != 0) GTEST_SKIP() << "this machine has no zsh";
  std::filesystem::create_directories(path("bin"));
  std::filesystem::create_directories(path("here"));
  std::filesystem::create_symlink(JANUS_PROGRAM, path("bin/janus"));
  for (const char* name : {"here/codes.json", "here/coast.png"}) write_file(path(name), "");
  write_file(path("rc"), "autoload -Uz compinit; compinit -u -D\ncd '" + path("here") +
                             "'\nsource <(janus completion zsh)\nPS1='ready> '\n");
  Terminal zsh({"-f", "-i"}, {{"PATH", path("bin") + ":/usr/bin:/bin"}, {"HOME", path("here")}}, 200,
               program);
  zsh.type("source '" + path("rc") + "'\r");
  ASSERT_TRUE(zsh.wait_for("ready> ")) << zsh.shown();
  zsh.type("janus decode co\t");
  EXPECT_TRUE(zsh.wait_for("codes.json")) << zsh.shown();
}

}  // namespace
}  // namespace janus::test
