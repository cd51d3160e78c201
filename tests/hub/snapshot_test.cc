// Files of a model in their snapshot, on disks that take links and on disks that do not.
#include "cli/hub/snapshot.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/hub/pull.h"
#include "core/base/error.h"

namespace janus::hub {
namespace {

namespace fs = std::filesystem;

int no_link(const std::string&, const std::string&) { return EPERM; }

class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "janus-snapshot-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    cache_.emplace(pattern);
    fs::create_directories(cache_->folder(repository_) + "/blobs");
  }
  void TearDown() override { fs::remove_all(cache_->root()); }

  RemoteFile file(const std::string& name, const std::string& hash, const std::string& text) const {
    std::ofstream(cache_->folder(repository_) + "/blobs/" + hash) << text;
    return {.name = name, .bytes = static_cast<int64_t>(text.size()), .hash = hash};
  }
  bool is_blob(const std::string& hash) const {
    return fs::exists(cache_->folder(repository_) + "/blobs/" + hash);
  }
  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  const Repository repository_{.owner = "a", .name = "b"};
  std::optional<Cache> cache_;
  const std::string one_ = "1111456789abcdef0123456789abcdef01234567", two_ = "2" + one_.substr(1);
};

TEST_F(SnapshotTest, HoldsLinksIntoTheBlobs) {
  const std::vector<RemoteFile> files{file("config.json", "c", "{}"), file("w", "w1", "weights")};
  const Snapshot snapshot(*cache_, repository_, one_);
  EXPECT_TRUE(snapshot.takes_links());
  EXPECT_FALSE(snapshot.holds(files[1]));
  EXPECT_EQ(snapshot.content(files[1]), snapshot.blob(files[1]));
  snapshot.place(files, {"c", "w1"});
  EXPECT_EQ(fs::read_symlink(snapshot.path() + "/w"), "../../blobs/w1");
  EXPECT_TRUE(snapshot.holds(files[0]) && snapshot.holds(files[1]));
  EXPECT_TRUE(is_blob("w1"));
  fs::remove(snapshot.blob(files[1]));
  EXPECT_FALSE(snapshot.holds(files[1])) << "the link leads nowhere";
  EXPECT_EQ(snapshot.content(files[1]), "");
}

TEST_F(SnapshotTest, HoldsTheFilesThemselvesWhereTheDiskTakesNoLinks) {
  const std::vector<RemoteFile> files{file("config.json", "c", "{}"), file("w", "w1", "weights")};
  const Snapshot snapshot(*cache_, repository_, one_, no_link);
  EXPECT_FALSE(snapshot.takes_links());
  // Only what was downloaded now is nobody else's.
  snapshot.place(files, {"w1"});
  for (const RemoteFile& file : files) {
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(snapshot.path() + "/" + file.name)));
    EXPECT_TRUE(snapshot.holds(file));
    EXPECT_EQ(snapshot.content(file), snapshot.path() + "/" + file.name);
  }
  EXPECT_EQ(read(snapshot.path() + "/w"), "weights");
  EXPECT_FALSE(is_blob("w1"));
  EXPECT_TRUE(is_blob("c"));
  EXPECT_EQ(std::distance(fs::directory_iterator(snapshot.path()), fs::directory_iterator()), 2);
}

TEST_F(SnapshotTest, TwoNamesOfOneContentBothGetIt) {
  const std::vector<RemoteFile> files{file("config.json", "c", "{}"), file("a", "same", "x"),
                                      file("b", "same", "x")};
  const Snapshot snapshot(*cache_, repository_, one_, no_link);
  snapshot.place(files, {"c", "same"});
  for (const RemoteFile& file : files) EXPECT_TRUE(snapshot.holds(file)) << file.name;
  EXPECT_FALSE(is_blob("same"));
}

TEST_F(SnapshotTest, ATakenLinkOrTakenFileOfAnotherContentIsReplaced) {
  const Snapshot snapshot(*cache_, repository_, one_);
  snapshot.place({file("w", "w1", "weights")}, {});
  const RemoteFile other = file("w", "w2", "WEIGHTS");
  EXPECT_FALSE(snapshot.holds(other)) << "of the same size, but not its blob";
  snapshot.place({other}, {});
  EXPECT_EQ(read(snapshot.path() + "/w"), "WEIGHTS");
}

TEST_F(SnapshotTest, ARevisionIsNamedOnce) {
  const Snapshot snapshot(*cache_, repository_, one_);
  EXPECT_FALSE(snapshot.is_named());
  snapshot.name_it();
  EXPECT_TRUE(snapshot.is_named());
  EXPECT_EQ(read(cache_->folder(repository_) + "/refs/main"), one_);
  EXPECT_FALSE(Snapshot(*cache_, repository_, two_).is_named());
  const Repository by_commit{.owner = "a", .name = "b", .revision = two_};
  EXPECT_TRUE(Snapshot(*cache_, by_commit, two_).is_named());
}

TEST_F(SnapshotTest, WhatIsNoFileOfADiskWithoutRoomIsSaid) {
  const Snapshot snapshot(*cache_, repository_, one_, no_link);
  const RemoteFile missing{.name = "w", .bytes = 1, .hash = "none"};
  try {
    snapshot.place({missing}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("$HF_HUB_CACHE"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(fs::is_empty(snapshot.path()));
}

TEST(LargestFile, OfFatEndsAtFourGigabytes) {
  EXPECT_EQ(largest_file(0x4d44), (int64_t{1} << 32) - 1);
  for (const int64_t other : {0xef53, 0x01021994, 0x2011bab0, 0x6969})
    EXPECT_EQ(largest_file(other), INT64_MAX);
}

}  // namespace
}  // namespace janus::hub
