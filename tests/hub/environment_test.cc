// The variables of huggingface_hub, as it reads them.
#include "cli/hub/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>

namespace janus::hub {
namespace {

class Environment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HOME", "XDG_CACHE_HOME", "http_proxy", "https_proxy",
          "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
      unsetenv(name);
    }
    setenv("HOME", "/home/someone", 1);
  }
};

TEST_F(Environment, IsOnWithOneOfFourWordsInAnyCase) {
  for (const char* on : {"1", "ON", "on", "Yes", "YES", "true", "True", "TRUE"}) EXPECT_TRUE(is_on(on)) << on;
  for (const char* off : {"", "0", "2", "y", "t", "no", "off", "false", " 1", "1 ", "auto"})
    EXPECT_FALSE(is_on(off)) << off;
}

TEST_F(Environment, ForbidsTheNetworkByEitherVariable) {
  EXPECT_EQ(offline_variable(), "");
  setenv("TRANSFORMERS_OFFLINE", "yes", 1);
  EXPECT_EQ(offline_variable(), "$TRANSFORMERS_OFFLINE");
  setenv("HF_HUB_OFFLINE", "", 1);
  EXPECT_EQ(offline_variable(), "$TRANSFORMERS_OFFLINE");
  setenv("HF_HUB_OFFLINE", "0", 1);  // the first that is set counts
  EXPECT_EQ(offline_variable(), "");
  setenv("HF_HUB_OFFLINE", "on", 1);
  EXPECT_EQ(offline_variable(), "$HF_HUB_OFFLINE");
}

TEST_F(Environment, PathsHoldHomesAndVariables) {
  setenv("JANUS_TEST_DISK", "/disk", 1);
  unsetenv("JANUS_TEST_NONE");
  const std::array<std::pair<const char*, const char*>, 12> paths{
      {{"~/a", "/home/someone/a"},
       {"$HOME/a", "/home/someone/a"},
       {"${HOME}a", "/home/someonea"},
       {"$JANUS_TEST_DISK/hf", "/disk/hf"},
       {"/a/${JANUS_TEST_DISK}", "/a//disk"},
       {"$JANUS_TEST_NONE/a", "$JANUS_TEST_NONE/a"},
       {"${JANUS_TEST_NONE}", "${JANUS_TEST_NONE}"},
       {"${HOME", "${HOME"},
       {"a$", "a$"},
       {"$/a", "$/a"},
       {"$$HOME", "$/home/someone"},
       {"a/~", "a/~"}}};
  for (const auto& [value, path] : paths) {
    setenv("HF_HOME", value, 1);
    EXPECT_EQ(path_variable("HF_HOME"), path);
    EXPECT_EQ(hugging_face_home(), path);
  }
}

TEST_F(Environment, TheHomeOfHuggingFace) {
  EXPECT_EQ(hugging_face_home(), "/home/someone/.cache/huggingface");
  setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(hugging_face_home(), "/cache/huggingface");
  setenv("HF_HOME", "/hf", 1);
  EXPECT_EQ(hugging_face_home(), "/hf");
}

TEST_F(Environment, NamesTheVariableOfTheProxy) {
  EXPECT_EQ(proxy_variable("https://hub"), "");
  setenv("all_proxy", "http://user:secret@proxy", 1);
  EXPECT_EQ(proxy_variable("https://hub"), "$all_proxy");
  setenv("HTTP_PROXY", "http://proxy", 1);
  EXPECT_EQ(proxy_variable("http://hub"), "$all_proxy") << "as for curl";
  setenv("https_proxy", "http://proxy", 1);
  EXPECT_EQ(proxy_variable("https://hub"), "$https_proxy");
  EXPECT_EQ(proxy_variable("http://hub"), "$all_proxy");
}

}  // namespace
}  // namespace janus::hub
