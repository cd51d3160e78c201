// janus generate: what it shows meanwhile on a terminal, in a log and to programs.
#include <nlohmann/json.hpp>

#include "tests/cli/display.h"
#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

class GenerateDisplay : public InFolder {
 protected:
  static constexpr int kImages = 400, kMostImages = 10000;

  std::vector<std::string> generate(int images, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"generate", "a red circle", "-o", path("x-%d.png"),
                                 "-m",       kModel,         "-b", std::to_string(images)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(GenerateDisplay, ATerminalShowsABarThatFits) {
  if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
  std::string shown;
  const int images = until_shown(kImages, kMostImages, [&](int count) {
    Terminal terminal(generate(count), {}, 60);
    EXPECT_EQ(terminal.finish(), 0);
    shown = terminal.shown();
  });
  const size_t bar = shown.find("] drawing ");
  ASSERT_NE(bar, std::string::npos) << shown;
  EXPECT_NE(shown.find("/" + std::to_string(images), bar), std::string::npos) << shown;
  EXPECT_NE(shown.find("wrote " + path("x-" + std::to_string(images - 1) + ".png")), std::string::npos);
}

TEST_F(GenerateDisplay, ProgramsReadObjectsALine) {
  Result result;
  const int images = until_shown(kImages, kMostImages,
                                 [&](int count) { result = run(generate(count, {"--json-progress"})); });
  ASSERT_EQ(result.code, 0) << result.err;
  const Json last = last_progress(result, "drawing");
  EXPECT_EQ(last["done"], images);
  EXPECT_EQ(last["total"], images);
  EXPECT_EQ(last["errors"], 0);
  EXPECT_GT(last["pictures_per_second"], 0);
  EXPECT_NEAR(last["codes_per_second"].get<double>(), kModelCodes * last["pictures_per_second"].get<double>(),
              1e-2 * last["codes_per_second"].get<double>());
  EXPECT_EQ(last["eta_s"], 0);
}

TEST_F(GenerateDisplay, ALogGetsLinesAndNoBarsAndQuietNothing) {
  Result result;
  const int images = until_shown(kImages, kMostImages, [&](int count) { result = run(generate(count)); });
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err.find('\r'), std::string::npos);
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  EXPECT_NE(result.err.find("drawing "), std::string::npos) << result.err;
  EXPECT_EQ(run(generate(images, {"-q", "--json-progress"})).err, "");
}

}  // namespace
}  // namespace janus::test
