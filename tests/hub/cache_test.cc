// Finding a model in a cache as huggingface_hub leaves it.
#include "cli/hub/cache.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace janus::hub {
namespace {

namespace fs = std::filesystem;

TEST(Repository, IsOwnerAndRepoWithARevision) {
  auto plain = parse_repository("deepseek-community/Janus-Pro-1B");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->id(), "deepseek-community/Janus-Pro-1B");
  EXPECT_EQ(plain->revision, "main");
  EXPECT_EQ(plain->to_string(), "deepseek-community/Janus-Pro-1B");
  auto revised = parse_repository("a/b.c_d@refs/pr/6");
  ASSERT_TRUE(revised);
  EXPECT_EQ(revised->name, "b.c_d");
  EXPECT_EQ(revised->revision, "refs/pr/6");
  EXPECT_EQ(revised->to_string(), "a/b.c_d@refs/pr/6");
}

TEST(Repository, IsNothingElse) {
  for (const char* text :
       {"",         "a",       "/",       "a/",     "/b",         "a/b/c",    "./b",
        "../b",     "a/..",    "a/.b",    "-a/b",   "a/b-",       "a--b/c",   "a/b..c",
        "a/b.git",  "a b/c",   "a/b@",    "a/b@..", "a/b@../c",   "a/b@c//d", "a/b@/c",
        "a/b@c/.d", "a/b@c d", "a/b@c@d", "a\n/b",  "a/\xc3\xa9", "~/model",  "https://huggingface.co/a/b"}) {
    EXPECT_FALSE(parse_repository(text)) << text;
  }
  EXPECT_FALSE(parse_repository("a/" + std::string(97, 'b')));
}

class CacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "janus-cache-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string folder() const { return root_ + "/models--a--b"; }
  std::string snapshot(const std::string& commit) const { return folder() + "/snapshots/" + commit; }
  void add(const std::string& commit) const { fs::create_directories(snapshot(commit)); }
  void point(const std::string& ref, const std::string& text) const {
    fs::path path = fs::path(folder()) / "refs" / ref;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  CachedModel find(const std::string& name) const { return Cache(root_).find(*parse_repository(name)); }

  std::string root_;
  const std::string one_ = "1111456789abcdef0123456789abcdef01234567";
  const std::string two_ = "1112456789abcdef0123456789abcdef01234567";
};

TEST_F(CacheTest, FindsABranchATagACommitAndItsBeginning) {
  add(one_);
  add(two_);
  point("main", one_);
  point("refs/pr/6", two_ + "\n");
  EXPECT_EQ(find("a/b").path, snapshot(one_));
  EXPECT_EQ(find("a/b@main").path, snapshot(one_));
  EXPECT_EQ(find("a/b@refs/pr/6").path, snapshot(two_));
  EXPECT_EQ(find("a/b@" + two_).path, snapshot(two_));
  EXPECT_EQ(find("a/b@1112").path, snapshot(two_));
  EXPECT_EQ(find("a/b@1112456789ABCDEF").path, snapshot(two_));
  EXPECT_TRUE(find("a/b@111").path.empty()) << "three digits are no commit";
}

TEST_F(CacheTest, AnAmbiguousBeginningIsRefused) {
  add("aaaa156789abcdef0123456789abcdef01234567");
  add("aaaa256789abcdef0123456789abcdef01234567");
  EXPECT_THROW(find("a/b@aaaa"), Error);
  EXPECT_EQ(find("a/b@aaaa1").path, snapshot("aaaa156789abcdef0123456789abcdef01234567"));
}

TEST_F(CacheTest, TheOnlySnapshotWithoutRefsIsTaken) {
  add(one_);
  CachedModel found = find("a/b");
  EXPECT_EQ(found.path, snapshot(one_));
  EXPECT_TRUE(found.guessed);
  EXPECT_TRUE(find("a/b@dev").path.empty()) << "a name says more than none";
  point("main", "");  // cut short by a crash: as good as none
  EXPECT_TRUE(find("a/b").guessed);
  point("main", one_);
  EXPECT_EQ(find("a/b").path, snapshot(one_));
  EXPECT_FALSE(find("a/b").guessed);
}

TEST_F(CacheTest, OfSeveralSnapshotsWithoutRefsNoneIsTaken) {
  add(one_);
  add(two_);
  const CachedModel found = find("a/b");
  EXPECT_TRUE(found.path.empty());
  const std::string choices = Cache::choices(*parse_repository("a/b"), found);
  EXPECT_NE(choices.find(one_ + ", " + two_), std::string::npos) << choices;
  EXPECT_NE(choices.find("-m a/b@" + one_), std::string::npos) << choices;
}

TEST_F(CacheTest, ARefSaysMoreThanTheOnlySnapshot) {
  add(one_);
  point("main", two_);
  const CachedModel found = find("a/b");
  EXPECT_TRUE(found.path.empty());
  EXPECT_EQ(found.commit, two_);
  const std::string choices = Cache::choices(*parse_repository("a/b"), found);
  EXPECT_NE(choices.find(two_), std::string::npos) << choices;
  EXPECT_NE(choices.find("-m a/b@" + one_), std::string::npos) << choices;
  fs::remove(folder() + "/refs/main");
  point("dev", one_);
  EXPECT_TRUE(find("a/b").path.empty()) << "the only one is another branch's";
}

TEST_F(CacheTest, SnapshotsOfOtherProgramsMayHaveOtherNames) {
  add("v1.0");
  point("main", "v1.0");
  EXPECT_EQ(find("a/b").path, snapshot("v1.0"));
  EXPECT_EQ(find("a/b@v1.0").path, snapshot("v1.0"));
}

TEST_F(CacheTest, SaysWhatIsThereInstead) {
  EXPECT_TRUE(find("a/b").path.empty());
  EXPECT_TRUE(find("a/b").revisions.empty());
  add(one_);
  add(two_);
  point("dev", one_);
  CachedModel found = find("a/b");
  EXPECT_TRUE(found.path.empty());
  EXPECT_EQ(found.revisions, (std::vector<std::string>{"dev", two_}));
}

TEST_F(CacheTest, ARefWithoutItsSnapshotOrWithSomethingElseInItIsNone) {
  add(one_);
  point("main", two_);
  point("dev", "../../../../etc");
  point("empty", "");
  for (const char* name : {"a/b", "a/b@dev", "a/b@empty", "a/b@no"})
    EXPECT_TRUE(find(name).path.empty()) << name;
}

TEST_F(CacheTest, TheFirstVariableThatIsSetCounts) {
  const std::vector<const char*> all{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME",
                                     "HOME"};
  const std::vector<const char*> roots{"/0", "/1", "/2/hub", "/3/huggingface/hub",
                                       "/4/.cache/huggingface/hub"};
  for (size_t i = 0; i < all.size(); ++i) setenv(all[i], ("/" + std::to_string(i)).c_str(), 1);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(Cache::from_environment().root(), roots[i]);
    setenv(all[i], "", 1);  // empty is as good as not set
  }
  setenv("HOME", "/home/someone", 1);
  setenv("HF_HOME", "~/models", 1);
  EXPECT_EQ(Cache::from_environment().root(), "/home/someone/models/hub");
}

}  // namespace
}  // namespace janus::hub
