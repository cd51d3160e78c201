// What docs/security.md says of files that are held whole: at the border they are read, beyond it a line is
// all, and memory stays within what the page says.
#include "tests/cli/program.h"

namespace janus::test {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
// A program that refused at once, whatever it was given.
constexpr int64_t kNextToNothing = 64 * kMiB;

class Ceilings : public InFolder {
 protected:
  // A file of zero bytes, which takes no room on the disk.
  std::string hole(const std::string& name, int64_t bytes) const {
    write_file(path(name), "");
    std::filesystem::resize_file(path(name), static_cast<uintmax_t>(bytes));
    return path(name);
  }
  static void expect_refused(const Result& result, const std::string& words, int64_t most_bytes) {
    EXPECT_EQ(result.code, 1) << result.err;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
    EXPECT_LT(result.err.size(), 1000U);
    EXPECT_LT(result.peak_bytes, most_bytes) << words;
  }
};

TEST_F(Ceilings, FilesThatAreReadWhole) {
  constexpr int64_t kMost = 256 * kMiB;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"decode", path("file"), "-o", path("x.png"), "-q"},
        {"generate", "--prompts", path("file"), "-o", path("%d.png"), "-q"},
        {"score", "--jsonl", path("file"), "-q"}}) {
    hole("file", kMost);
    expect_refused(run_model(command), "found a zero byte", 2 * kMost + kNextToNothing);
    hole("file", kMost + 1);
    expect_refused(run_model(command), "expected at most 268435456 bytes", kNextToNothing);
  }
}

TEST_F(Ceilings, Conversations) {
  hole("chat.json", 64 * kMiB);
  expect_refused(run_model({"chat", "--load", path("chat.json"), "-q"}), "chat.json",
                 2 * 64 * kMiB + kNextToNothing);
  hole("chat.json", 64 * kMiB + 1);
  expect_refused(run_model({"chat", "--load", path("chat.json"), "-q"}), "expected at most 67108864 bytes",
                 kNextToNothing);
}

TEST_F(Ceilings, LinesOfAList) {
  constexpr int kMost = 1'000'000;
  std::string lines;
  for (int i = 1; i < kMost; ++i) lines += "{}\n";
  write_file(path("list.jsonl"), lines + "no JSON\n");
  const std::vector<std::string> command{"generate", "--prompts",    path("list.jsonl"),
                                         "-o",       path("%d.png"), "-q"};
  expect_refused(run_model(command), "list.jsonl line", 512 * kMiB);
  write_file(path("list.jsonl"), lines + "{}\n{}\n");
  expect_refused(run_model(command), "expected at most 1000000 lines", 512 * kMiB);
}

TEST_F(Ceilings, LinesOfAJournal) {
  const std::string head = R"({"key":"a.png","x":")", tail = "\"}\n";
  const std::vector<std::string> command{"caption", JANUS_SOURCE_DIR "/samples/pictures/cross.png", "-o",
                                         path("out.jsonl"), "-q"};
  for (const int64_t more : {0, 1}) {
    const auto filling = static_cast<size_t>(64 * kMiB + more) - head.size() - tail.size() + 1;
    write_file(path("out.jsonl"), head + std::string(filling, 'a') + tail);
    expect_refused(run_model(command), "out.jsonl", 6 * 64 * kMiB);
    EXPECT_EQ(std::filesystem::file_size(path("out.jsonl")), head.size() + filling + tail.size()) << "kept";
  }
}

TEST_F(Ceilings, EntriesOfListsOfPictures) {
  const auto caption = [&](const std::string& list) {
    return run_model({"caption", list, "-o", path("out.jsonl"), "-q"});
  };
  write_file(path("paths.txt"), std::string(65536, 'a') + "\n");
  EXPECT_NE(caption("@" + path("paths.txt")).err.find("too long"), std::string::npos);  // for the system
  std::filesystem::remove(path("out.jsonl"));
  write_file(path("paths.txt"), std::string(65537, 'a') + "\n");
  const Result longer = caption("@" + path("paths.txt"));
  EXPECT_NE(longer.err.find("expected entries of at most 65536 bytes"), std::string::npos) << longer.err;
  EXPECT_LT(longer.peak_bytes, kNextToNothing);

  const std::string head = R"({"image":"a.png","x":")", tail = "\"}";
  for (const int64_t more : {0, 1}) {
    const auto filling = static_cast<size_t>(16 * kMiB + more) - head.size() - tail.size();
    write_file(path("list.jsonl"), head + std::string(filling, 'a') + tail + "\n");
    std::filesystem::remove(path("out.jsonl"));
    const Result result = caption(path("list.jsonl"));
    const bool refused = result.err.find("expected entries of at most 16777216 bytes") != std::string::npos;
    EXPECT_EQ(refused, more == 1) << result.err.substr(0, 300);
    EXPECT_LT(result.err.size(), 1000U);
    EXPECT_LT(result.peak_bytes, 16 * 16 * kMiB);
  }
}

}  // namespace
}  // namespace janus::test
