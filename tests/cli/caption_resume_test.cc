// janus caption, broken off at any moment: after the next run every image has exactly one record.
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

using std::chrono::steady_clock;

class CaptionResume : public CaptionFiles {
 protected:
  std::string out() const { return path("out.jsonl"); }
  Result go_on(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {path("p"), "-o", out()});
    return caption(more);
  }
  // Starts a run and waits until it has written something.
  std::unique_ptr<Process> start_writing() const {
    auto process = std::make_unique<Process>(words({path("p"), "-o", out(), "-n", "64", "-b", "1"}));
    for (int i = 0; i < 3000; ++i) {
      std::error_code none;
      if (std::filesystem::file_size(out(), none) > 0 && !none) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return process;
  }
  // Whole lines are records, none of them twice but for images that changed since; what follows them is the
  // beginning of one.
  void expect_sound_lines(const std::string& changed) const {
    const std::string text = std::filesystem::exists(out()) ? read_file(out()) : "";
    std::map<std::string, int> times;
    const size_t whole = text.rfind('\n') + 1;
    for (const std::string& line : lines_of(text.substr(0, whole))) ++times[Json::parse(line)["key"]];
    for (const auto& [key, count] : times) EXPECT_TRUE(count == 1 || key == changed) << key;
    EXPECT_TRUE(whole == text.size() || text[whole] == '{');
  }
};

TEST_F(CaptionResume, TwoHundredKillsLoseNothingAndWriteNothingTwice) {
  constexpr int kImages = 16, kKills = 200;
  image_files("p", kImages);
  write_file(path("p/broken.png"), "no picture");
  std::mt19937 random(1);
  const auto begin = steady_clock::now();
  ASSERT_EQ(go_on().code, 3);
  const double whole_run_ms = std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
  std::filesystem::remove(out());

  int kills = 0, finished = 0;
  const std::string changed = path("p/007.png");
  while (kills < kKills) {
    if (random() % 4 == 0) {
      image_file("p/007.png", 10 + static_cast<int>(random() % 20), 12, static_cast<uint8_t>(random()));
    }
    Process process(words({path("p"), "-o", out(), "--csv", path("t.csv")}));
    std::this_thread::sleep_for(
        std::chrono::duration<double, std::milli>(whole_run_ms * static_cast<double>(random() % 1000) / 900));
    process.end_at_once();
    const int code = process.finish().code;
    if (code == 128 + SIGKILL) ++kills;
    expect_sound_lines(changed);
    if (HasFailure()) return;
    if (code == 128 + SIGKILL && random() % 5 != 0) continue;
    // Let one run end: now every image has its record.
    ASSERT_EQ(go_on({"--csv", path("t.csv")}).code, 3);
    ++finished;
    const auto found = by_key("out.jsonl");
    ASSERT_EQ(found.size(), kImages + 1U);
    EXPECT_EQ(found.at(changed)["bytes"], std::filesystem::file_size(changed));
    EXPECT_TRUE(found.at(path("p/broken.png")).contains("error"));
    std::filesystem::remove(out());
  }
  EXPECT_GE(finished, 10);
  // What the last kill left beside the outputs, the next run takes over.
  ASSERT_EQ(go_on({"--csv", path("t.csv")}).code, 3);
  for (const std::string& name : names()) EXPECT_EQ(name.find(".janus"), std::string::npos) << name;
}

TEST_F(CaptionResume, ASecondRunAddsNothing) {
  image_files("p", 4);
  ASSERT_EQ(go_on().code, 0);
  const std::string before = read_file(out());
  ASSERT_EQ(lines_of(before).size(), 4U);
  ASSERT_EQ(go_on().code, 0);
  EXPECT_EQ(read_file(out()), before);
  image_file("p/new.png");
  ASSERT_EQ(go_on().code, 0);
  EXPECT_EQ(read_file(out()).substr(0, before.size()), before);
  EXPECT_EQ(by_key("out.jsonl").size(), 5U);
}

TEST_F(CaptionResume, ATornLastLineIsTakenAway) {
  image_files("p", 3);
  ASSERT_EQ(go_on().code, 0);
  const std::string whole = read_file(out());
  for (const size_t cut : {size_t{1}, size_t{2}, size_t{40}, lines_of(whole).back().size()}) {
    write_file(out(), whole.substr(0, whole.size() - cut));
    ASSERT_EQ(go_on().code, 0) << cut;
    EXPECT_EQ(by_key("out.jsonl").size(), 3U) << cut;
  }
}

TEST_F(CaptionResume, AFileThatIsNoOutputOfOursIsLeftAlone) {
  image_files("p", 1);
  const std::string deep = R"({"path":"x","key":"x","model":"x","prompt_hash":"x","text":)" +
                           std::string(100000, '[') + std::string(100000, ']') + "}\n";
  for (const std::string& text :
       {std::string("a letter\n"), std::string("a letter"), std::string("{\"image\": \"x\"}\n"),
        std::string("[1]\n"), std::string("{\"key\": \"x\"\n"), deep}) {
    write_file(out(), text);
    const Result result = go_on();
    EXPECT_EQ(result.code, 1) << text;
    expect_one_error(result.err);
    EXPECT_EQ(read_file(out()), text);
  }
}

TEST_F(CaptionResume, OnlyAnotherContentIsCaptionedAgain) {
  image_files("p", 3);
  ASSERT_EQ(go_on().code, 0);
  const std::string before = read_file(out());
  // Another time of change alone: the hash tells that it is the same image.
  std::filesystem::last_write_time(path("p/001.png"), std::filesystem::file_time_type::clock::now());
  ASSERT_EQ(go_on().code, 0);
  EXPECT_EQ(read_file(out()), before);
  image_file("p/001.png", 33, 21, 3);
  ASSERT_EQ(go_on().code, 0);
  const auto found = by_key("out.jsonl");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found.at(path("p/001.png"))["width"], 33);
  // One of other content, size and time alike, is beyond what is looked at; one with another size is not.
  struct stat old {};
  ASSERT_EQ(stat(path("p/002.png").c_str(), &old), 0);
  image_file("p/002.png", 44, 21, 3);
  const std::array<timespec, 2> times{old.st_atim, old.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path("p/002.png").c_str(), times.data(), 0), 0);
  ASSERT_EQ(go_on().code, 0);
  EXPECT_EQ(by_key("out.jsonl").at(path("p/002.png"))["width"], 44);
}

TEST_F(CaptionResume, AnotherQuestionOrModelIsRefusedUnlessAskedFor) {
  image_files("p", 2);
  ASSERT_EQ(go_on().code, 0);
  const std::string before = read_file(out());
  for (const std::vector<std::string>& other :
       {std::vector<std::string>{"-p", "Another?"},
        {"--temperature", "1"},
        {"-n", "5"},
        {"-m", std::string(JANUS_TEST_DATA) + "/models/grouped-query"}}) {
    const Result result = go_on(other);
    EXPECT_EQ(result.code, 1) << other[0];
    expect_one_error(result.err);
    EXPECT_EQ(read_file(out()), before);
  }
  image_file("p/new.png");
  ASSERT_EQ(go_on({"-p", "Another?", "--mixed"}).code, 0);
  EXPECT_EQ(read_file(out()).substr(0, before.size()), before);
  EXPECT_EQ(records("out.jsonl").size(), 2U + 3U);
}

TEST_F(CaptionResume, ASecondRunOnTheSameOutputIsRefusedWhileTheFirstLives) {
  image_files("p", 60);
  const auto first = start_writing();
  const Result second = go_on();
  EXPECT_EQ(second.code, 1);
  expect_one_error(second.err);
  EXPECT_NE(second.err.find("other run"), std::string::npos) << second.err;
  first->end_at_once();
  EXPECT_EQ(first->finish().code, 128 + SIGKILL);
  EXPECT_EQ(go_on({"-n", "64"}).code, 0);
  EXPECT_EQ(by_key("out.jsonl").size(), 60U);
}

TEST_F(CaptionResume, AnInterruptFinishesWhatIsInWorkAndTheNextRunGoesOn) {
  image_files("p", 60);
  const auto process = start_writing();
  process->interrupt();
  const Result result = process->finish();
  EXPECT_EQ(result.code, 130) << result.err;
  const std::string text = read_file(out());
  EXPECT_EQ(text.back(), '\n');
  const size_t done = lines_of(text).size();
  EXPECT_GT(done, 0U);
  EXPECT_LT(done, 60U);
  ASSERT_EQ(go_on({"-n", "64"}).code, 0);
  EXPECT_EQ(by_key("out.jsonl").size(), 60U);
}

TEST_F(CaptionResume, AFullDiskEndsItAndTheNextRunGoesOn) {
  image_files("p", 30);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const rlim_t bytes : {100, 3000, 3001, 5555}) {
    rlimit small = before;
    small.rlim_cur = bytes;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const Result result = go_on();
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("ulimit -f"), std::string::npos) << result.err;
    const std::string text = read_file(out());
    EXPECT_TRUE(text.empty() || text.back() == '\n') << "a torn line was left";
  }
  ASSERT_EQ(go_on().code, 0);
  EXPECT_EQ(by_key("out.jsonl").size(), 30U);
}

TEST_F(CaptionResume, AFolderThatVanishesMeanwhileLosesNothing) {
  image_files("p", 60);
  const auto process = start_writing();
  std::filesystem::rename(path("p"), path("away"));
  const Result result = process->finish();
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_LE(by_key("out.jsonl").size(), 60U);
  std::filesystem::rename(path("away"), path("p"));
  ASSERT_EQ(go_on({"-n", "64"}).code, 0);
  const auto found = by_key("out.jsonl");
  EXPECT_EQ(found.size(), 60U);
  for (const auto& [key, record] : found) EXPECT_FALSE(record.contains("error")) << key;
}

TEST_F(CaptionResume, AListWhoseDiskIsAwayKeepsItsCaptions) {
  image_files("p", 3);
  write_file(path("list.txt"),
             path("p/000.png") + "\n" + path("p/001.png") + "\n" + path("p/002.png") + "\n");
  const auto caption_list = [&] { return caption({"@" + path("list.txt"), "-o", out()}); };
  ASSERT_EQ(caption_list().code, 0);
  const std::string before = read_file(out());
  std::filesystem::rename(path("p"), path("away"));
  EXPECT_EQ(caption_list().code, 0);
  EXPECT_EQ(read_file(out()), before);
  std::filesystem::rename(path("away"), path("p"));
  EXPECT_EQ(caption_list().code, 0);
  EXPECT_EQ(read_file(out()), before);
}

}  // namespace
}  // namespace janus::test
