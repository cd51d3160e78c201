// From what cannot start to what is plenty of memory, nothing ends by a signal, and nothing of it is
// recorded. tests/measure/memory_limits.py tries a hundred limits.
#include "tests/cli/caption_files.h"
#include "tests/cli/limited.h"

namespace janus::test {
namespace {

class MemoryLimits : public CaptionFiles {
 protected:
  static void expect_no_errors(const std::string& file) {
    if (!std::filesystem::exists(file)) return;
    const std::string text = read_file(file);
    EXPECT_EQ(text.find("\"error\""), std::string::npos) << text;
  }
  // The least limit, in MiB, under which the program starts.
  static int floor() {
    int mib = 16;
    while (run_under("-v " + std::to_string(mib * 1024), {"--version"}).code != 0) mib += 2;
    return mib;
  }
};

TEST_F(MemoryLimits, EndInOrder) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer takes more addresses than any limit";
#endif
  image_files("p", 2);
  write_file(path("prompts.txt"), "a cat\n");
  const std::vector<std::vector<std::string>> commands{
      {"describe", path("p/000.png"), path("p/001.png"), "-n", "4"},
      {"caption", path("p"), "-n", "4", "-o", path("o.jsonl")},
      {"generate", "--prompts", path("prompts.txt"), "-o", path("g/"), "--overwrite"},
      {"embed", path("p"), "-o", path("e.npy")}};
  const int least = floor();
  for (const std::vector<std::string>& words : commands) {
    for (const int more : {0, 3, 7, 13, 26, 60}) {
      const std::string limit = std::to_string((least + more) * 1024);
      SCOPED_TRACE(words[0] + " under " + limit + " KiB");
      std::vector<std::string> all = words;
      all.insert(all.end(), {"-m", kModel, "-q", "-t", "2"});
      const Result result = run_under("-v " + limit, all);
      EXPECT_LT(result.code, 4) << result.err;
      if (result.code != 0) expect_one_error(result.err);
      expect_no_errors(path("o.jsonl"));
      expect_no_errors(path("g/janus-records.jsonl"));
    }
  }
}

}  // namespace
}  // namespace janus::test
