// ~ in paths that no shell has seen.
#include "core/base/home_folder.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

namespace janus {
namespace {

TEST(HomeFolder, IsTheVariableOrElseTheSystems) {
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(home_folder(), "/home/someone");
  const passwd* user = getpwuid(getuid());
  if (user == nullptr) GTEST_SKIP() << "a user without an entry";
  for (const bool empty : {true, false}) {
    if (empty) {
      setenv("HOME", "", 1);
    } else {
      unsetenv("HOME");
    }
    EXPECT_EQ(home_folder(), user->pw_dir);
    EXPECT_EQ(expand_home("~/x"), std::string(user->pw_dir) + "/x");
  }
}

TEST(HomeFolder, StandsForATildeAtTheBeginning) {
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(expand_home("~"), "/home/someone");
  EXPECT_EQ(expand_home("~/"), "/home/someone/");
  EXPECT_EQ(expand_home("~/models/a b"), "/home/someone/models/a b");
  for (const char* path : {"", "a", "./~", "a/~/b", "/~", "a~"}) EXPECT_EQ(expand_home(path), path);
  setenv("HOME", "/", 1);
  EXPECT_EQ(expand_home("~"), "/");
  EXPECT_EQ(expand_home("~/x"), "/x");
}

TEST(HomeFolder, OfANamedUser) {
  const passwd* root = getpwnam("root");
  if (root == nullptr) GTEST_SKIP() << "a system without root";
  const std::string home = root->pw_dir;
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(expand_home("~root"), home);
  EXPECT_EQ(expand_home("~root/x"), home + "/x");
  EXPECT_EQ(expand_home("~no-such-user/x"), "~no-such-user/x");
}

}  // namespace
}  // namespace janus
