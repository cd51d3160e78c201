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
  expect_completed("janus describe -m janus-t", "-m janus-tiny ");
}

}  // namespace
}  // namespace janus::test
