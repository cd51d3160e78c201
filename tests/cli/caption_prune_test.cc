// janus caption --prune: records go of images that are gone, and of no others.
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

class CaptionPrune : public CaptionFiles {
 protected:
  // Runs in the test's folder.
  Result here(std::vector<std::string> more) const {
    more.insert(more.end(), {"-o", "out.jsonl"});
    return caption(more, {.folder = folder_});
  }
  Names kept() const {
    Names found;
    for (const auto& [key, record] : by_key("out.jsonl")) found.push_back(key);
    return found;
  }
};

TEST_F(CaptionPrune, DropsRecordsAndRowsOfWhatIsGone) {
  image_files("p/deep", 2);
  image_files("p", 3);
  image_files("q", 2);
  write_file(path("p/broken.png"), "no picture");
  ASSERT_EQ(here({"p", "q", "--csv", "t.csv"}).code, 3);
  fs::remove(path("p/001.png"));
  fs::remove(path("p/broken.png"));
  fs::remove_all(path("p/deep"));
  fs::remove(path("q/001.png"));
  // Without being asked, nothing goes.
  ASSERT_EQ(here({"p", "--csv", "t.csv"}).code, 0);
  EXPECT_EQ(kept().size(), 8U);
  ASSERT_EQ(here({"./p", "--prune", "--csv", "t.csv"}).code, 0);
  EXPECT_EQ(kept(), (Names{"p/000.png", "p/002.png", "q/000.png"}));
  EXPECT_EQ(lines_of(read_file(path("t.csv"))).size(), 1U + 3U);
  // From another folder relative paths lead nowhere, which says nothing of their pictures.
  ASSERT_EQ(caption({path("q"), "-o", path("out.jsonl"), "--prune"}, {.folder = "/"}).code, 0);
  EXPECT_EQ(kept(), (Names{path("q/000.png"), "p/000.png", "p/002.png", "q/000.png"}));
}

TEST_F(CaptionPrune, KeepsWhatIsOnlyLeftOutOrAway) {
  image_files("p", 2);
  image_files("disk", 2);
  fs::create_directory(path("mount"));
  fs::create_directory_symlink("../disk", path("mount/link"));
  image_file("mount/own.png");
  image_file("p/lost.png");
  write_file(path("list.txt"),
             "p/000.png\np/001.png\np/lost.png\ndisk/000.png\ndisk/001.png\nmount/link/000.png\n");
  ASSERT_EQ(here({"@list.txt", "mount"}).code, 0);
  const Names all = kept();
  ASSERT_EQ(all.size(), 7U);
  for (const std::vector<std::string>& less : {std::vector<std::string>{"--exclude", "*1.png"},
                                               {"--include", "*0.png"},
                                               {"--where", "width>1000"},
                                               {"--limit", "1"},
                                               {"--shard", "1/2"}}) {
    std::vector<std::string> words{"p", "--prune"};
    words.insert(words.end(), less.begin(), less.end());
    (void)here(words);
    EXPECT_EQ(kept(), all) << less[0];
  }
  // The disk of a list, and one behind a link in a folder that is named.
  fs::rename(path("disk"), path("away"));
  EXPECT_EQ(here({"p", "mount", "@list.txt", "--prune"}).code, 0);
  EXPECT_EQ(kept(), all);
  fs::create_directory(path("disk"));
  EXPECT_EQ(here({"p", "@list.txt", "--prune"}).code, 0) << "an empty place of a disk";
  EXPECT_EQ(kept(), all);
  fs::remove(path("disk"));
  fs::rename(path("away"), path("disk"));
  // A link to nothing is there.
  fs::remove(path("p/lost.png"));
  fs::create_symlink("nowhere", path("p/lost.png"));
  (void)here({"p", "--prune"});
  EXPECT_EQ(kept(), all);
  fs::remove(path("p/lost.png"));
  (void)here({"p", "--prune"});
  EXPECT_EQ(kept().size(), all.size() - 1);
}

TEST_F(CaptionPrune, AFolderWhoseDiskIsAwayIsRefused) {
  image_files("disk", 2);
  image_files("p", 1);
  ASSERT_EQ(here({"disk", "p"}).code, 0);
  const std::string before = read_file(path("out.jsonl"));
  fs::rename(path("disk"), path("away"));
  EXPECT_EQ(here({"disk", "p", "--prune"}).code, 1) << "it is not there";
  fs::create_directory(path("disk"));
  write_file(path("disk/.not-mounted"), "");
  const Result result = here({"p", "disk", "--prune"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("folder, disk: expected pictures"), std::string::npos) << result.err;
  EXPECT_EQ(read_file(path("out.jsonl")), before);
  EXPECT_EQ(caption({path("p"), "--prune"}).code, 2) << "it needs an output";
}

TEST_F(CaptionPrune, NamesThatAreNoUtf8Stay) {
  fs::create_directory(path("p"));
  fs::rename(image_file("a.png"), path("p/\xff.png"));
  image_file("p/b.png");
  ASSERT_EQ(here({"p", "--prune"}).code, 0);
  EXPECT_EQ(kept().size(), 2U);
  ASSERT_EQ(here({"p", "--prune"}).code, 0);
  EXPECT_EQ(kept().size(), 2U);
  fs::remove(path("p/\xff.png"));
  ASSERT_EQ(here({"p", "--prune"}).code, 0);
  EXPECT_EQ(kept(), Names{"p/b.png"});
}

TEST_F(CaptionPrune, MembersGoWithWhatTheirArchiveHolds) {
  if (JANUS_WITH_ARCHIVE == 0) GTEST_SKIP() << "this build reads no archives";
  image_files("p", 3);
  const auto pack = [&](const std::string& names) {
    const std::string command = "cd '" + path("p") + "' && tar -cf '" + path("s.tar") + "' " + names;
    return std::system(command.c_str());
  };
  ASSERT_EQ(pack("000.png 001.png ./002.png"), 0);
  ASSERT_EQ(here({"s.tar", "p"}).code, 0);
  ASSERT_EQ(pack("000.png ./001.png"), 0);
  // One that is left out is not gone.
  (void)here({"s.tar", "--prune", "--exclude", "002*"});
  EXPECT_EQ(kept().size(), 6U);
  ASSERT_EQ(here({"./s.tar", "--prune"}).code, 0);
  EXPECT_EQ(kept(), (Names{"p/000.png", "p/001.png", "p/002.png", "s.tar/000.png", "s.tar/001.png"}));
  // One that cannot be read to its end says nothing of its members.
  ASSERT_EQ(pack("000.png"), 0);
  fs::resize_file(path("s.tar"), 700);
  EXPECT_EQ(here({"s.tar", "--prune"}).code, 3);
  EXPECT_EQ(kept().size(), 6U) << "and has an error of its own";
  fs::remove(path("s.tar"));
  ASSERT_EQ(here({"p", "--prune"}).code, 0);
  EXPECT_EQ(kept(), (Names{"p/000.png", "p/001.png", "p/002.png"}));
}

}  // namespace
}  // namespace janus::test
