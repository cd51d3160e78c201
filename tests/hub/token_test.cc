// Where the user's token comes from.
#include "cli/hub/token.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"

namespace janus::hub {
namespace {

namespace fs = std::filesystem;

class TokenTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "janus-token-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    for (const char* name :
         {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"})
      unsetenv(name);
    setenv("HF_HOME", home_.c_str(), 1);
  }
  void TearDown() override { fs::remove_all(home_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(home_ + "/" + name) << text;
  }
  Token find() {
    return find_token([this](const std::string& text) { notices_ += text + "\n"; });
  }

  std::string home_, notices_;
};

TEST_F(TokenTest, IsTheFirstOfVariablesAndFile) {
  EXPECT_EQ(find().text, "");
  write("token", "hf_login\n");
  EXPECT_EQ(find().text, "hf_login");
  EXPECT_EQ(find().source, home_ + "/token");
  write("other", " hf_other ");
  setenv("HF_TOKEN_PATH", (home_ + "/other").c_str(), 1);
  EXPECT_EQ(find().text, "hf_other");
  setenv("HUGGING_FACE_HUB_TOKEN", "hf_old", 1);
  EXPECT_EQ(find().text, "hf_old");
  EXPECT_EQ(find().source, "$HUGGING_FACE_HUB_TOKEN");
  setenv("HF_TOKEN", "", 1);
  EXPECT_EQ(find().text, "hf_old");
  setenv("HF_TOKEN", "hf_new\n", 1);
  EXPECT_EQ(find().text, "hf_new");
  EXPECT_EQ(find().source, "$HF_TOKEN");
  EXPECT_EQ(notices_, "");
}

TEST_F(TokenTest, IsKeptBackWhereAsked) {
  write("token", "hf_login");
  setenv("HF_TOKEN", "hf_new", 1);
  setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1", 1);
  EXPECT_EQ(find().text, "");
  setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0", 1);
  EXPECT_EQ(find().text, "hf_new");
}

TEST_F(TokenTest, AFileThatCannotBeReadIsTold) {
  fs::create_directory(home_ + "/token");
  EXPECT_EQ(find().text, "");
  EXPECT_NE(notices_.find(home_ + "/token"), std::string::npos) << notices_;
  EXPECT_NE(notices_.find("without a token"), std::string::npos) << notices_;
}

TEST_F(TokenTest, AnEmptyFileIsNone) {
  write("token", "\n");
  EXPECT_EQ(find().text, "");
  EXPECT_EQ(find().source, "");
}

TEST_F(TokenTest, WhatCannotBeOneIsRefusedWithoutShowingIt) {
  write("token", "hf_a\nhf_b");
  try {
    find();
    FAIL();
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find(home_ + "/token"), std::string::npos) << what;
    EXPECT_EQ(what.find("hf_a"), std::string::npos) << what;
  }
}

}  // namespace
}  // namespace janus::hub
