// A machine that runs out of something ends a run over many with one line and exit code 1. None of it is
// recorded as an error of the picture or prompt in hand, and the same command goes on where there is room
// again.
#include "tests/cli/caption_files.h"
#include "tests/cli/limited.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

class MachineFaults : public CaptionFiles {
 protected:
  static void expect_fault(const Result& result, const std::string& words) {
    EXPECT_EQ(result.code, 1) << result.err;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
  }
  void expect_no_errors(const std::string& name) const {
    if (!fs::exists(path(name))) return;
    const std::string text = read_file(path(name));
    EXPECT_EQ(text.find("\"error\""), std::string::npos) << text;
    EXPECT_TRUE(text.empty() || text.back() == '\n');
  }
};

// A limit on file sizes stands for a full disk here: both are told by the write that no longer fits.
TEST_F(MachineFaults, RecordsThatFindNoRoomEndTheRunAndGoOn) {
  image_files("p", 6);
  const std::vector<std::string> all = words({path("p"), "-o", path("o.jsonl")});
  const Result full = run_under("-f 2", all);  // 1 KiB
  expect_fault(full, "ulimit -f");
  EXPECT_NE(full.err.find("the same command goes on"), std::string::npos) << full.err;
  expect_no_errors("o.jsonl");
  EXPECT_LT(records("o.jsonl").size(), 6U);
  EXPECT_EQ(run(all).code, 0);
  EXPECT_EQ(by_key("o.jsonl").size(), 6U);
}

TEST_F(MachineFaults, SidecarsThatFindNoRoomEndTheRun) {
  image_files("p", 2);
  const Result full = run_under("-f 0", words({path("p"), "--sidecar", ".json"}));
  expect_fault(full, "ulimit -f");
  EXPECT_EQ(run(words({path("p"), "--sidecar", ".json"})).code, 0);
  EXPECT_TRUE(fs::exists(path("p/000.json")));
}

TEST_F(MachineFaults, ImagesThatFindNoRoomEndAListOfPrompts) {
  write_file(path("prompts.txt"), "a cat\na dog\n");
  const std::vector<std::string> all{"generate", "--prompts", path("prompts.txt"), "-o", path("g/"), "-m",
                                     kModel,     "-q"};
  const Result full = run_under("-f 1", all);
  expect_fault(full, "ulimit -f");
  EXPECT_NE(full.err.find("the same command goes on"), std::string::npos) << full.err;
  expect_no_errors("g/janus-records.jsonl");
  EXPECT_EQ(run(all).code, 0);
  EXPECT_TRUE(fs::exists(path("g/00001.png")));
}

TEST_F(MachineFaults, AFullDeviceEndsTheRunOnce) {
  image_files("p", 3);
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  fs::create_symlink("/dev/full", path("o.jsonl"));
  expect_fault(caption({path("p"), "-o", path("o.jsonl")}), "No space left on device");
}

// Reading one's own memory at address 0 is an I/O error of a regular file.
TEST_F(MachineFaults, AFileThatTheDiskDoesNotGiveEndsTheRun) {
  image_files("p", 2);
  fs::create_symlink("/proc/self/mem", path("p/0005.png"));
  expect_fault(caption({path("p"), "-o", path("o.jsonl")}), "Input/output error");
  expect_no_errors("o.jsonl");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"describe", path("p/000.png"), path("p/0005.png"), "-n", "4"},
        std::vector<std::string>{"embed", path("p"), "-o", path("e.npy")},
        std::vector<std::string>{"score", "--image", path("p"), "--text", "a"}}) {
    SCOPED_TRACE(words[0]);
    std::vector<std::string> all = words;
    all.emplace_back("-q");
    expect_fault(run_model(all), "Input/output error");
  }
  EXPECT_FALSE(fs::exists(path("e.npy")));
}

TEST_F(MachineFaults, TooFewOpenFilesAreNoErrorOfAPicture) {
  image_files("p", 3);
  int failed = 0;
  for (int limit = 20; limit > 3 && failed < 3; --limit) {
    SCOPED_TRACE(limit);
    fs::remove(path("o.jsonl"));
    const Result result = run_under("-n " + std::to_string(limit), words({path("p"), "-o", path("o.jsonl")}));
    expect_no_errors("o.jsonl");
    if (result.code == 0) continue;
    ++failed;
    expect_fault(result, "Too many open files");
  }
  EXPECT_EQ(failed, 3);
}

// A chat goes on: whoever types decides.
TEST_F(MachineFaults, AChatGoesOn) {
  const Result result = run_under("-f 0", {"chat", "-m", kModel, "-n", "4", "-q", "--no-save"});
  EXPECT_EQ(result.code, 0) << result.err;
  const Result full =
      run({"-c", "ulimit -f 0 && printf 'One?\\n/save " + path("c.json") +
                     "\\nTwo?\\n' | " JANUS_PROGRAM " chat -m " + kModel + " -n 4 -q --no-save"},
          {.program = "/bin/sh"});
  EXPECT_EQ(full.code, 3) << full.err;
  EXPECT_EQ(lines_of(full.err).size(), 1U) << full.err;
}

}  // namespace
}  // namespace janus::test
