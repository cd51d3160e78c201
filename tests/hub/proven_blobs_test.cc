// Contents that were held against their hashes are known again as long as they are the same files.
#include "cli/hub/proven_blobs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/core/model_files.h"

namespace janus::hub {
namespace {

TEST(ProvenBlobs, AreKnownUntilTheirFilesChange) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/a";
  folder.write("a", "content");
  {
    ProvenBlobs proven(folder.path());
    EXPECT_FALSE(proven.knows(path, "1234"));
    proven.add(path, "1234");
    EXPECT_TRUE(proven.knows(path, "1234"));
    EXPECT_FALSE(proven.knows(path, "1235"));
    proven.save();
  }
  EXPECT_TRUE(ProvenBlobs(folder.path()).knows(path, "1234"));
  // Other content, with the time of the first set back.
  struct stat before {};
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  folder.write("a", "CONTENT");
  const std::array<timespec, 2> times{before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  EXPECT_FALSE(ProvenBlobs(folder.path()).knows(path, "1234"));
  std::filesystem::remove(path);
  EXPECT_FALSE(ProvenBlobs(folder.path()).knows(path, "1234"));
}

TEST(ProvenBlobs, WhatIsNoListOfThemIsNone) {
  const test::TemporaryFolder folder;
  folder.write("a", "content");
  for (const std::string& text : {std::string("1234"), std::string("1234 "), std::string("1234 \n5"),
                                  std::string(100, '\0'), std::string(1 << 20, ' ')}) {
    folder.write(".janus-proven", text);
    EXPECT_FALSE(ProvenBlobs(folder.path()).knows(folder.path() + "/a", "1234"));
    EXPECT_FALSE(ProvenBlobs(folder.path()).knows(folder.path() + "/b", "1234")) << "no file has no marks";
  }
  ProvenBlobs unwritable("/nowhere");
  unwritable.add(folder.path() + "/a", "1234");
  EXPECT_NO_THROW(unwritable.save());
}

}  // namespace
}  // namespace janus::hub
