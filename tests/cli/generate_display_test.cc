// janus generate: what it shows meanwhile on a terminal, in a log and to programs.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/cli/progress_objects.h"
#include "tests/cli/terminal.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;

class GenerateDisplay : public InFolder {
 protected:
  // Long enough for the display, which leaves out what takes less than a second.
  std::vector<std::string> long_run(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"generate", "a red circle", "-o", path("x.png"), "-b", "400", "-m", kModel};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(GenerateDisplay, ATerminalShowsABarThatFits) {
  if (!Terminal::available()) GTEST_SKIP() << "no pseudo-terminal can be had, /dev/pts is missing";
  Terminal terminal(long_run({}), {}, 60);
  EXPECT_EQ(terminal.finish(), 0);
  const std::string& shown = terminal.shown();
  const size_t bar = shown.find("] drawing ");
  ASSERT_NE(bar, std::string::npos) << shown;
  EXPECT_NE(shown.find("/400", bar), std::string::npos) << shown;
  EXPECT_NE(shown.find("wrote " + path("x-399.png")), std::string::npos);
}

TEST_F(GenerateDisplay, ProgramsReadObjectsALine) {
  const Result result = run(long_run({"--json-progress"}));
  ASSERT_EQ(result.code, 0) << result.err;
  const Json last = last_progress(result, "drawing");
  EXPECT_EQ(last["done"], 400);
  EXPECT_EQ(last["total"], 400);
  EXPECT_EQ(last["errors"], 0);
  EXPECT_GT(last["pictures_per_second"], 0);
  EXPECT_NEAR(last["codes_per_second"].get<double>(), kModelCodes * last["pictures_per_second"].get<double>(),
              1e-2 * last["codes_per_second"].get<double>());
  EXPECT_EQ(last["eta_s"], 0);
}

TEST_F(GenerateDisplay, ALogGetsLinesAndNoBarsAndQuietNothing) {
  const Result result = run(long_run({}));
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err.find('\r'), std::string::npos);
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  EXPECT_NE(result.err.find("drawing "), std::string::npos) << result.err;
  EXPECT_EQ(run(long_run({"-q", "--json-progress"})).err, "");
}

}  // namespace
}  // namespace janus::test
