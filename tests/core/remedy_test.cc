#include "core/base/remedy.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "core/base/near_path.h"
#include "tests/core/model_files.h"

namespace janus::test {
namespace {

TEST(Remedy, OfAFileToWriteFitsItsCauseAndLeavesTheChoice) {
  const std::string other = "choose another -o";
  EXPECT_EQ(remedy_of(ENOSPC, other), "free space on its disk, or choose another -o");
  EXPECT_EQ(remedy_of(EDQUOT, other), "free space within your quota, or choose another -o");
  EXPECT_EQ(remedy_of(EFBIG, other), "raise the limit on file sizes (ulimit -f), or choose another -o");
  EXPECT_EQ(remedy_of(ENOENT, other), "make its folder (mkdir -p), or choose another -o");
  EXPECT_EQ(remedy_of(EROFS, other), "its disk is mounted read-only; choose another -o");
  EXPECT_EQ(remedy_of(EBADF, other), "it was closed before the program began; choose another -o");
  for (const int fault : {EACCES, EPERM}) {
    EXPECT_EQ(remedy_of(fault, other),
              "get permission to write there (ls -ld shows who has it), or choose another -o");
  }
  // Another place would not help.
  for (const int fault : {EMFILE, ENFILE, ENAMETOOLONG})
    EXPECT_EQ(remedy_of(fault, other).find(other), std::string::npos) << fault;
  // Of other causes nothing is known.
  EXPECT_EQ(remedy_of(EINVAL, other), other);
  EXPECT_EQ(remedy_of(0, other), other);
}

TEST(Remedy, OfAFileToReadFitsItsCause) {
  EXPECT_EQ(reading_remedy_of(EISDIR), "name the files in it");
  EXPECT_EQ(reading_remedy_of(EIO), "check the disk");
  EXPECT_EQ(reading_remedy_of(EACCES), reading_remedy_of(EPERM));
  expect_error(reading_remedy_of(EACCES), {"chmod u+r", "chmod u+x", "owner"});
  expect_error(reading_remedy_of(EMFILE), {"ulimit -n"});
  expect_error(reading_remedy_of(EBADF), {"closed", "name a file"});
  EXPECT_EQ(reading_remedy_of(ENOENT), "check the path");
  EXPECT_EQ(reading_remedy_of(EINVAL, "x"), "check the path");
}

TEST(Remedy, TellsAddressesFromPaths) {
  for (const char* address : {"http://example.com/a.png", "https://example.com/a.png", "s3://bucket/a.png"})
    expect_error(reading_remedy_of(ENOENT, address), {"download it first"});
  EXPECT_EQ(reading_remedy_of(ENOENT, "file:///home/a.png"), "write the path alone, without file://");
  expect_error(reading_remedy_of(ENOENT, "data:image/png;base64,AAAA"), {"base64"});
}

TEST(Remedy, ProposesTheFileThatIsNear) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/photos");
  folder.write("photos/lighthouse.png", "x");
  folder.write("photos/IMG_0001.jpg", "x");
  const std::string in = folder.path() + "/photos/", meant = in + "lighthouse.png";
  for (const char* slip :
       {"lighthuose.png", "Lighthouse.PNG", "lighthouse.jpg", "lighthouse", "lighthose.png"}) {
    EXPECT_EQ(near_path(in + slip), meant) << slip;
    EXPECT_EQ(reading_remedy_of(ENOENT, in + slip), "did you mean " + meant + "?") << slip;
  }
  EXPECT_EQ(near_path(folder.path() + "/fotos/lighthouse.png"), meant);
  EXPECT_EQ(near_path(folder.path() + "/Photos/lighthouse.png"), meant);
  // Two slips, a file of the same series, and other names altogether.
  for (const char* other : {"/Photos/lighthuose.png", "/photos/IMG_0002.jpg", "/photos/cat.png", "/photos/a"})
    EXPECT_EQ(near_path(folder.path() + other), "") << other;
  EXPECT_EQ(near_path(""), "");
  EXPECT_EQ(near_path(in), "");
}

TEST(Remedy, ANameThatTwoFilesAnswerToIsNotGuessed) {
  const TemporaryFolder folder;
  folder.write("cross.png", "x");
  folder.write("cross.json", "x");
  EXPECT_EQ(near_path(folder.path() + "/cross.jpg"), "");
  EXPECT_EQ(reading_remedy_of(ENOENT, folder.path() + "/cross.jpg"), "check the path");
}

TEST(Remedy, NamesTheFolderThatIsNotThere) {
  const TemporaryFolder folder;
  const std::string none = folder.path() + "/zzzz";
  EXPECT_EQ(missing_folder(none + "/deep/a.png"), none);
  EXPECT_EQ(missing_folder(none), "");
  EXPECT_EQ(reading_remedy_of(ENOENT, none + "/deep/a.png"), "check the path: there is no folder " + none);
}

}  // namespace
}  // namespace janus::test
