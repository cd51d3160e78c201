// --parallel and --draft: fewer passes, the same images and answers.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

class Parallel : public InFolder {
 protected:
  // The record of the only image or answer that the built-in model makes of `words`.
  static Json record_of(Words words) {
    words.insert(words.end(), {"-m", "janus-tiny", "--json", "-q"});
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  Json image_of(const std::string& window) const {
    return record_of({"generate", "a red circle on a white background", "-o", path("x" + window + ".png"),
                      "-s", "7", "--parallel", window});
  }
};

TEST_F(Parallel, ImagesAreTheSameInFewerPasses) {
  const Json off = image_of("off");
  const int64_t codes = static_cast<int64_t>(off["codes"].size());
  EXPECT_EQ(off["timings"]["passes"], codes - 1) << "the first is sampled behind the prompt";
  for (const std::string window : {"1", "4", "16", "auto"}) {
    SCOPED_TRACE(window);
    const Json made = image_of(window);
    EXPECT_EQ(made["codes"], off["codes"]);
    EXPECT_EQ(read_image(path("x" + window + ".png")).image.pixels,
              read_image(path("xoff.png")).image.pixels);
    const int64_t passes = made["timings"]["passes"];
    EXPECT_LE(passes, window == "4" ? codes / 2 : codes - 1);
  }
}

// Images side by side end in another order then.
TEST_F(Parallel, SeveralAreToldInTheSameOrder) {
  const auto told = [&](Words words, const std::string& window) {
    words.insert(words.begin(), {"generate", "a lighthouse at dusk", "-m", "janus-tiny", "--json", "-q", "-o",
                                 path("w" + window + "-%d.png"), "--overwrite", "--parallel", window});
    const Result result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    std::vector<std::pair<int64_t, Json>> all;
    for (const std::string& line : lines_of(result.out)) {
      const Json record = Json::parse(line);
      all.emplace_back(record["seed"], record["codes"]);
    }
    return all;
  };
  for (const Words& words : {Words{"-b", "9"}, Words{"--best-of", "12", "--keep", "3"}}) {
    const auto off = told(words, "off");
    EXPECT_EQ(off.size(), words[0] == "-b" ? 9U : 3U);
    for (const std::string window : {"2", "8", "auto"}) EXPECT_EQ(told(words, window), off) << window;
  }
}

TEST_F(Parallel, AnswersAreTheSame) {
  record_of({"generate", "a green ring on a black background", "-o", path("ring.png"), "-s", "3"});
  const auto answer = [&](const std::string& window) {
    return record_of({"describe", path("ring.png"), "--temperature", "1.5", "-s", "5", "--draft", window});
  };
  const Json off = answer("off");
  EXPECT_FALSE(off["ids"].empty()) << off.dump();
  for (const std::string window : {"2", "8", "64", "auto"})
    EXPECT_EQ(answer(window)["ids"], off["ids"]) << window;
}

TEST_F(Parallel, WindowsThatCannotBeAreRefused) {
  for (const std::string wrong : {"0", "65", "1000", "-1", "some", ""}) {
    for (const Words& words : {Words{"generate", "x", "-o", path("x.png"), "--parallel", wrong},
                               Words{"describe", path("x.png"), "--draft", wrong}}) {
      const Result result = run(words);
      EXPECT_EQ(result.code, 2) << wrong;
      expect_one_error(result.err);
      EXPECT_NE(result.err.find("auto, off or a whole number from 1 to 64"), std::string::npos) << result.err;
    }
  }
}

}  // namespace
}  // namespace janus::test
