// janus caption: what it shows meanwhile on a terminal, in a log and to programs, and that folders of any
// size start at once and stay small.
#include <chrono>
#include <thread>

#include "tests/cli/caption_files.h"
#include "tests/cli/display.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

class CaptionDisplay : public CaptionFiles {
 protected:
  static constexpr int kImages = 60, kMostImages = 4000;

  // Makes `count` images and forgets what an earlier run said of them.
  void renew(int count) const {
    image_files("p", count);
    std::filesystem::remove(path("out.jsonl"));
  }
  std::vector<std::string> long_answers(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"caption", path("p"), "-m", kModel, "-n",
                                 "300",     "-b",      "2",  "-o",   path("out.jsonl")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(CaptionDisplay, ATerminalShowsABarThatFitsAndLeavesNothingBehind) {
  if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
  std::string shown;
  const int count = until_shown(kImages, kMostImages, [&](int images) {
    renew(images);
    Terminal terminal(long_answers({}), {}, 60);
    EXPECT_EQ(terminal.finish(), 0);
    shown = terminal.shown();
  });
  const size_t bar = shown.find("] captioning ");
  ASSERT_NE(bar, std::string::npos) << shown;
  EXPECT_NE(shown.find("/" + std::to_string(count), bar), std::string::npos) << shown;
  // The decoders point descriptor 2 elsewhere all the time: what is shown comes through nevertheless.
  for (size_t at = shown.find('\r'); at != std::string::npos; at = shown.find('\r', at + 1)) {
    const size_t end = shown.find('\x1b', at);
    EXPECT_TRUE(end == std::string::npos || end - at - 1 <= 59) << shown.substr(at, end - at);
  }
  EXPECT_NE(shown.find(std::to_string(count) + " captioned"), std::string::npos);
  EXPECT_EQ(by_key("out.jsonl").size(), static_cast<size_t>(count));
}

TEST_F(CaptionDisplay, AWindowThatIsClosedLeavesAWholeJournalThatIsGoneOnWith) {
  if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
  constexpr int kFew = 30;
  renew(kFew);
  Terminal terminal(long_answers({"-t", "1"}));
  const auto size = [&] {
    std::error_code absent;
    const auto bytes = std::filesystem::file_size(path("out.jsonl"), absent);
    return absent ? 0 : bytes;
  };
  for (int i = 0; i < 5000 && size() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(terminal.close_window(), 129);
  const auto done = by_key("out.jsonl");
  EXPECT_FALSE(done.empty());
  EXPECT_TRUE(read_file(path("out.jsonl")).ends_with('\n'));
  EXPECT_EQ(names(), (Names{"out.jsonl", "p"}));
  EXPECT_EQ(run(long_answers({"-q"})).code, 0);
  EXPECT_EQ(by_key("out.jsonl").size(), static_cast<size_t>(kFew));
}

TEST_F(CaptionDisplay, ProgramsReadObjectsALine) {
  std::filesystem::create_directory(path("p"));
  write_file(path("p/broken.png"), "no picture");
  Result result;
  const int count = until_shown(kImages, kMostImages, [&](int images) {
    renew(images);
    result = run(long_answers({"--json-progress"}));
  });
  ASSERT_EQ(result.code, 3) << result.err;
  const Json last = last_progress(result, "captioning");
  EXPECT_EQ(last["done"], count + 1);
  EXPECT_EQ(last["total"], count + 1);
  EXPECT_EQ(last["captioned"], count);
  EXPECT_EQ(last["errors"], 1);
  EXPECT_GT(last["pictures_per_second"], 0);
  EXPECT_GT(last["tokens_per_second"], 0);
}

TEST_F(CaptionDisplay, ALogGetsLinesAndNoBars) {
  image_files("p", 3);
  const Result result = run(long_answers({}));
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err.find('\r'), std::string::npos);
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  EXPECT_NE(result.err.find("3 captioned\n"), std::string::npos) << result.err;
}

TEST_F(CaptionDisplay, AFolderOfTenThousandImagesStartsAtOnceAndStaysSmall) {
  constexpr int kFiles = 10000, kCaptioned = 100;  // what is captioned takes most of the time
  const std::string one = read_file(image_file("one.png", 4, 4));
  std::filesystem::create_directory(path("p"));
  const std::string larger = read_file(image_file("larger.png", 9, 9));
  for (int i = 0; i < kFiles; ++i) {
    write_file(path("p/" + std::to_string(10000 + i) + ".png"),
               i % (kFiles / kCaptioned) == 0 ? larger : one);
  }
  const std::string out = path("out.jsonl");
  const Result alone = caption({path("one.png"), "-n", "1", "-b", "8"});
  ASSERT_EQ(alone.code, 0) << alone.err;

  const auto begin = std::chrono::steady_clock::now();
  Process process(words({path("p"), "-o", out, "-n", "1", "-b", "8", "--where", "width>4"}));
  double first_s = 0;
  for (std::error_code none; first_s < 30;) {
    first_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (std::filesystem::file_size(out, none) > 0 && !none) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(first_s, 20) << "far above what it takes, for a machine that is busy";
  const Result result = process.finish();
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(by_key("out.jsonl").size(), size_t{kCaptioned});
  constexpr int64_t kMost = 40 << 20;
  EXPECT_LT(result.peak_bytes - alone.peak_bytes, kMost);

  // Once more: all are done, and nothing is written.
  const std::string before = read_file(out);
  ASSERT_EQ(caption({path("p"), "-o", out, "-n", "1", "--where", "width>4"}).code, 0);
  EXPECT_EQ(read_file(out), before);
}

}  // namespace
}  // namespace janus::test
