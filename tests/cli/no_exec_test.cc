// Nothing is executed: no command starts a process, whatever its files hold.
#include "tests/cli/program.h"

namespace janus::test {
namespace {

class NoExec : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    if (guarded("/bin/true", {}).code == 77) GTEST_SKIP() << "seccomp cannot be had here";
  }

  Result guarded(const std::string& program, std::vector<std::string> arguments,
                 const std::string& input = {}) const {
    arguments.insert(arguments.begin(), program);
    return run(arguments, {.input = input, .program = JANUS_RUN_ALONE, .folder = folder_});
  }

  // Runs janus; it may fail, but not by starting a process.
  Result janus(const std::vector<std::string>& arguments, const std::string& input = {}) const {
    Result result = guarded(JANUS_PROGRAM, arguments, input);
    EXPECT_LT(result.code, 128) << arguments[0] << ": " << result.err;
    return result;
  }
};

TEST_F(NoExec, TheGuardEndsWhatStartsAProcess) {
  EXPECT_EQ(guarded("/bin/true", {}).code, 0);
  EXPECT_EQ(guarded("/bin/sh", {"-c", "exec /bin/true"}).code, 128 + SIGSYS);
  EXPECT_EQ(guarded("/bin/sh", {"-c", "/bin/true; exit 0"}).code, 128 + SIGSYS);
}

TEST_F(NoExec, NoCommandStartsAProcess) {
  const std::vector<std::string> model{"-m", kModel};
  const auto with_model = [&](std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.end(), model.begin(), model.end());
    return janus(arguments, input).code;
  };
  EXPECT_EQ(with_model({"generate", "a red circle", "-o", "a.png", "--codes-out", "a.json"}), 0);
  EXPECT_EQ(with_model({"describe", "a.png"}), 0);
  EXPECT_EQ(with_model({"caption", ".", "-o", "captions.jsonl", "--sidecar", ".txt"}), 0);
  EXPECT_EQ(with_model({"chat"}, "/image a.png\nWhat is this?\n/save talk.json\n/quit\n"), 0);
  EXPECT_EQ(with_model({"score", "--image", "a.png", "--text", "a red circle"}), 0);
  EXPECT_EQ(with_model({"embed", "a.png", "-o", "a.npy"}), 0);
  EXPECT_EQ(with_model({"encode", "a.png", "-o", "b.json"}), 0);
  EXPECT_EQ(with_model({"decode", "b.json", "-o", "b.png"}), 0);
  EXPECT_EQ(with_model({"tokenize", "a red circle"}), 0);
  EXPECT_EQ(with_model({"quantize", "-o", "q.gguf", "--type", "q8_0"}), 0);
  EXPECT_EQ(with_model({"info"}), 0);
  EXPECT_EQ(janus({"info", "a.png"}).code, 0);
  EXPECT_EQ(janus({"list"}).code, 0);
  EXPECT_EQ(janus({"help"}).code, 0);
  EXPECT_EQ(janus({"completion", "bash"}).code, 0);
  janus({"pull", "owner/name", "--endpoint", "http://127.0.0.1:1"});
  janus({"rm", "owner/name"});
  janus({"serve", "--port", "0", "--tls-cert", "none.pem", "--tls-key", "none.pem"});
}

// libarchive would start lrzip, grzip, lzop and uudecode for these, and unpackers of its own making for rpm.
TEST_F(NoExec, NoArchiveStartsAnUnpacker) {
  if (JANUS_WITH_ARCHIVE == 0) GTEST_SKIP() << "the build reads no archives";
  const std::map<std::string, std::string> magics{
      {"lrz", std::string("LRZI\0\6", 6)},
      {"grz", std::string("GRZipII\0\2\4:)", 12)},
      {"lzo", std::string("\x89LZO\0\r\n\x1a\n", 9)},
      {"uue", "begin 644 a\n#0V%T\n`\nend\n"},
      {"rpm", "\xed\xab\xee\xdb\3"},
  };
  for (const auto& [name, magic] : magics) {
    write_file(path(name + ".tar"), magic + std::string(4096, '\0'));
    const Result result = janus({"caption", name + ".tar", "-o", name + ".jsonl", "-m", kModel});
    EXPECT_NE(result.code, 0) << name;
  }
}

}  // namespace
}  // namespace janus::test
