// janus caption --sidecar: where a list may have files written.
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

class CaptionPlaces : public CaptionFiles {
 protected:
  void SetUp() override {
    CaptionFiles::SetUp();
    for (const char* folder : {"data/in", "elsewhere"}) fs::create_directories(path(folder));
    image_file("data/in/a.png");
    image_file("elsewhere/b.png");
    fs::create_directory_symlink(path("elsewhere"), path("data/link"));
  }
  bool has(const std::string& name) const { return fs::exists(path(name)); }
  void list(const std::string& name, const std::string& entry) const {
    write_file(path(name), name.ends_with(".jsonl") ? Json{{"image", entry}}.dump() + "\n" : entry + "\n");
  }
  void expect_refused(const std::vector<std::string>& words, const Surroundings& around = {}) const {
    const Result result = caption(words, around);
    EXPECT_EQ(result.code, 3) << result.err;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("--sidecar-anywhere"), std::string::npos) << result.err;
    EXPECT_FALSE(has("elsewhere/b.txt"));
  }
};

TEST_F(CaptionPlaces, OfAListAreBelowItsFolder) {
  list("data/list.jsonl", "in/a.png");
  EXPECT_EQ(caption({path("data/list.jsonl"), "--sidecar", ".txt"}).code, 0);
  EXPECT_TRUE(has("data/in/a.txt"));
  list("data/list.txt", path("data/in/a.png"));
  EXPECT_EQ(caption({"@" + path("data/list.txt"), "--sidecar", ".caption"}).code, 0);
  EXPECT_TRUE(has("data/in/a.caption"));
}

TEST_F(CaptionPlaces, ElsewhereNeedAFlag) {
  for (const std::string entry :
       {"../elsewhere/b.png", "link/b.png", "../elsewhere", "in/../../elsewhere/b.png"}) {
    list("data/list.jsonl", entry);
    expect_refused({path("data/list.jsonl"), "--sidecar", ".txt"});
  }
  for (const std::string& entry : {path("elsewhere/b.png"), path("elsewhere"), path("data/list.jsonl")}) {
    list("data/list.txt", entry);
    expect_refused({"@" + path("data/list.txt"), "--sidecar", ".txt", "--overwrite"}, {.folder = folder_});
  }
  EXPECT_EQ(caption({path("data/list.jsonl"), "--sidecar", ".txt", "--sidecar-anywhere"}).code, 0);
  EXPECT_TRUE(has("elsewhere/b.txt"));
}

TEST_F(CaptionPlaces, ARecordThatGetsNoSidecarIsKept) {
  list("data/list.jsonl", "../elsewhere/b.png");
  const std::vector<std::string> words{path("data/list.jsonl"), "--sidecar", ".txt", "-o", path("out.jsonl")};
  for (int run = 0; run < 2; ++run) {
    expect_refused(words);
    EXPECT_EQ(by_key("out.jsonl").size(), 1U);
  }
  std::vector<std::string> anywhere = words;
  anywhere.emplace_back("--sidecar-anywhere");
  EXPECT_EQ(caption(anywhere).code, 0);
  EXPECT_TRUE(has("elsewhere/b.txt"));
}

TEST_F(CaptionPlaces, OfStandardInputAreBelowTheCurrentFolder) {
  expect_refused({"-", "--sidecar", ".txt"}, {.input = "../elsewhere/b.png\n", .folder = path("data")});
  const Surroundings above{.input = "elsewhere/b.png\n", .folder = folder_};
  EXPECT_EQ(caption({"-", "--sidecar", ".txt"}, above).code, 0);
  EXPECT_TRUE(has("elsewhere/b.txt"));
}

TEST_F(CaptionPlaces, WhatTheCommandLineNamesIsAskedFor) {
  list("data/list.jsonl", "../elsewhere/b.png");
  EXPECT_EQ(caption({path("data/list.jsonl"), path("elsewhere/*.png"), "--sidecar", ".txt"}).code, 0);
  EXPECT_TRUE(has("elsewhere/b.txt"));
  EXPECT_EQ(caption({path("data/link"), "--sidecar", ".caption"}).code, 0);
  EXPECT_TRUE(has("elsewhere/b.caption"));
}

// A journal may come from anyone, too: what it says of a picture overwrites nothing elsewhere.
TEST_F(CaptionPlaces, OfRecordsOverwriteNothingElsewhere) {
  ASSERT_EQ(caption({path("elsewhere"), "-o", path("out.jsonl")}).code, 0);
  write_file(path("elsewhere/b.txt"), "mine\n");
  const Result result = caption(
      {path("data/in"), "-o", path("out.jsonl"), "--sidecar", ".txt", "--suffix", "!", "--overwrite"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(path("elsewhere/b.txt")), "mine\n");
  EXPECT_TRUE(has("data/in/a.txt"));
}

}  // namespace
}  // namespace janus::test
