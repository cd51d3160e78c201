// Keys of images: one for all spellings of a path, another for every other file.
#include "cli/journal/key.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/core/model_files.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

TEST(Key, ACleanPathIsTheShortestToTheSamePlace) {
  const std::map<std::string, std::string> clean{{"a/b", "a/b"},
                                                 {"./a//b/", "a/b"},
                                                 {"a/./b", "a/b"},
                                                 {"a/../b", "b"},
                                                 {"a/b/../..", "."},
                                                 {"../a", "../a"},
                                                 {"../../a/..", "../.."},
                                                 {"a/../../b", "../b"},
                                                 {"/", "/"},
                                                 {"//a", "/a"},
                                                 {"/../a", "/a"},
                                                 {"/a/..", "/"},
                                                 {"", "."},
                                                 {".", "."},
                                                 {"./", "."},
                                                 {"...", "..."},
                                                 {"a/..b/c.", "a/..b/c."},
                                                 {"a b/ ", "a b/ "},
                                                 {"/a/./b/../c/", "/a/c"}};
  for (const auto& [path, expected] : clean) {
    EXPECT_EQ(clean_path(path), expected) << path;
    EXPECT_EQ(clean_path(expected), expected);
  }
}

TEST(Key, WhatALinkOrAFileIsInIsNotBehindIt) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder.path() + "/real/sub");
  fs::create_directory_symlink("real/sub", folder.path() + "/link");
  folder.write("file", "");
  EXPECT_EQ(clean_path(folder.path() + "/real/sub/../x"), folder.path() + "/real/x");
  EXPECT_EQ(clean_path(folder.path() + "/link/./../x"), folder.path() + "/link/../x");
  EXPECT_EQ(clean_path(folder.path() + "/file/../x"), folder.path() + "/file/../x");
}

TEST(Key, IdentitiesAreRelativeInTheCurrentFolder) {
  const std::string here = fs::current_path().string();
  EXPECT_EQ(identity_of_key("./a/b"), "a/b");
  EXPECT_EQ(identity_of_key(here + "/a/b"), "a/b");
  EXPECT_EQ(identity_of_key(here), ".");
  EXPECT_EQ(identity_of_key(here + "x/a"), here + "x/a");
  EXPECT_EQ(identity_of_key("../x/a"), identity_of_key(fs::path(here).parent_path().string() + "/x/a"));
  EXPECT_EQ(identity_of_key("../" + fs::path(here).filename().string() + "/a"), "a");
  std::string far = "x";
  for (int i = 0; i < 100; ++i) far = "../" + far;
  EXPECT_EQ(identity_of_key(far), "/x");
}

TEST(Key, HoldsAllBytesOfAPath) {
  for (const std::string path : {"a\xff/\xc3.png", "plain", "\xc3\xa4", "\\xff", "\\\\xff", "\\x\xff",
                                 "\\\xff", "\\x5cxff", "\\x4\\x41", "\\xFF\xfe", "\\", "\\x", "\xff\\x00"})
    EXPECT_EQ(path_of_key(key_of_path(path)), path) << key_of_path(path);
  EXPECT_EQ(key_of_path("\xff"), "\\xff");
  EXPECT_EQ(key_of_path("\\xff"), "\\x5cxff");
  // Journals of earlier versions have these keys.
  for (const std::string path : {"a\\b", "\\", "\\x", "\\xg0", "c:\\xylophone"})
    EXPECT_EQ(key_of_path(path), path);
  EXPECT_EQ(path_of_key("\\xf"), "\\xf");
  EXPECT_EQ(path_of_key("\\xzz\\x4"), "\\xzz\\x4");
}

TEST(Key, NamesThatDifferInAByteHaveDifferentKeys) {
  // All of up to five of the bytes that keys escape, or escape with.
  const std::string alphabet = "\\x5cf\xff";
  std::map<std::string, std::string> paths;
  for (size_t number = 0; number < 6 * 6 * 6 * 6 * 6 * 6; ++number) {
    std::string path;
    for (size_t rest = number; rest > 0; rest /= alphabet.size()) path += alphabet[rest % alphabet.size()];
    const auto [known, fresh] = paths.try_emplace(key_of_path(path), path);
    EXPECT_TRUE(fresh || known->second == path) << known->first;
  }
}

}  // namespace
}  // namespace janus::cli
