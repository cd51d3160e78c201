// The program with and without the modules beside it, and what it takes where it needs none.
#include <filesystem>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

const std::string kPictures = JANUS_TEST_DATA "/vision/pictures/";
constexpr int64_t kSmall_bytes = 20'000'000;

// A copy of the program in bin/ of a folder that holds nothing else.
class Modules : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    std::filesystem::create_directories(path("bin"));
    std::filesystem::create_directories(path(JANUS_MODULE_FOLDER));
    std::filesystem::copy(JANUS_PROGRAM, path("bin/janus"));
  }

  // Puts the module `from` of the build where an installation has modules, as `to`.
  void install(const std::string& from, const std::string& to) {
    const auto built = std::filesystem::path(JANUS_PROGRAM).parent_path() / from;
    std::filesystem::copy(built, path(JANUS_MODULE_FOLDER "/" + to));
  }

  Result run_copy(std::vector<std::string> arguments) {
    return run(arguments, {.environment = {{"HF_HUB_CACHE", path("cache")}}, .program = path("bin/janus")});
  }
  Result describe(const std::string& picture) {
    return run_copy({"describe", "-q", "-m", kModel, "--max-tokens", "4", kPictures + picture});
  }
};

TEST_F(Modules, WithoutThemTheProgramReadsWhatItCanAndNamesTheRest) {
  for (const char* picture : {"rgb.png", "rgb.jpg", "cmyk_unmarked.jpg", "animation.gif"}) {
    const Result result = describe(picture);
    EXPECT_EQ(result.code, 0) << result.err;
  }
  const Result webp = describe("lossy.webp");
  EXPECT_EQ(webp.code, 1);
  expect_one_error(webp.err);
  EXPECT_NE(webp.err.find(
                "expected libjanus_images.so, which reads WebP, beside the program, found none of that name"),
            std::string::npos)
      << webp.err;
  const Result pull = run_copy({"pull", "someone/something", "-q"});
  EXPECT_EQ(pull.code, 1);
  expect_one_error(pull.err);
  EXPECT_NE(pull.err.find("libjanus_curl.so"), std::string::npos) << pull.err;
}

TEST_F(Modules, AreFoundInTheModuleFolderOfAnInstallation) {
  if (JANUS_WITH_IMAGES == 0) GTEST_SKIP() << "this build has no modules of image codecs";
  install("libjanus_images.so", "libjanus_images.so");
  const Result result = describe("lossy.webp");
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST_F(Modules, OfAnotherVersionAreNotUsed) {
  if (JANUS_WITH_ARCHIVE == 0) GTEST_SKIP() << "this build has no module to take for another";
  install("libjanus_archive.so", "libjanus_images.so");
  const Result png = describe("rgb.png");
  EXPECT_EQ(png.code, 0) << png.err;
  const Result webp = describe("lossy.webp");
  EXPECT_EQ(webp.code, 1);
  EXPECT_NE(webp.err.find("found one of another version"), std::string::npos) << webp.err;
}

// Libraries that a command does not need are not opened: those of OpenCV alone took 40 MB.
TEST(WithoutImages, TheProgramIsSmall) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a sanitised program is large";
#endif
  const std::vector<std::vector<std::string>> commands{
      {"--version"}, {"tokenize", "hello", "-q"}, {"info", "-q"}, {"info", "-q", "-m", kModel}};
  for (const auto& command : commands) {
    const Result result = run(command);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_LT(result.peak_bytes, kSmall_bytes) << command.front();
  }
}

}  // namespace
}  // namespace janus::test
