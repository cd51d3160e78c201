// The commands with a JanusFlow model: what it does, and how what it does not do is refused.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::json;

const std::string kFlow = std::string(JANUS_TEST_DATA) + "/flow/models/plain";

class Flow : public InFolder {
 protected:
  Result ask(std::vector<std::string> arguments, const Surroundings& around = {}) const {
    arguments.insert(arguments.begin() + 1, {"-m", kFlow, "-q"});
    return run(arguments, around);
  }
  std::string picture() const { return image_file("picture.png"); }
  void expect_refused(const Result& result, const std::string& part) const {
    EXPECT_NE(result.code, 0) << result.out;
    expect_one_error(result.err);
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
  }
};

TEST_F(Flow, InfoNamesTheFamilyAndNoCodes) {
  const Result result = run({"info", kFlow});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("janusflow, original layout"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("37 places in a prompt"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("codes"), std::string::npos) << result.out;
}

TEST_F(Flow, AnswersScoresAndEmbeds) {
  const std::string file = picture();
  EXPECT_EQ(ask({"describe", file, "--max-tokens", "4"}).code, 0);
  EXPECT_EQ(ask({"caption", file, "-o", path("captions.jsonl"), "--max-tokens", "4"}).code, 0);
  EXPECT_EQ(ask({"score", "--image", file, "--text", "a red circle"}).code, 0);
  EXPECT_EQ(ask({"embed", file, "-o", path("vectors.npy")}).code, 0);
  EXPECT_EQ(ask({"chat", "--image", file, "--max-tokens", "4"}, {.input = "What is it?\n"}).code, 0);
}

TEST_F(Flow, AnswersAlikeFromOneQuantizedFile) {
  const std::string file = path("flow.gguf"), image = picture();
  const Result written = run({"quantize", "-m", kFlow, "-q", "--type", "f16", "-o", file});
  EXPECT_EQ(written.code, 0) << written.err;
  const Result first = run({"describe", "-m", file, "-q", image, "--max-tokens", "4"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(run({"quantize", "-m", kFlow, "-q", "--type", "q8_0", "-o", path("small.gguf")}).code, 0);
  EXPECT_EQ(run({"describe", "-m", path("small.gguf"), "-q", image, "--max-tokens", "4"}).code, 0);
}

TEST_F(Flow, SaysThatItDoesNotDraw) {
  expect_refused(ask({"generate", "a red circle", "-o", path("out.png")}), "does not draw with JanusFlow");
  expect_refused(ask({"encode", picture(), "-o", path("out.json")}), "the family janusflow");
  EXPECT_FALSE(std::filesystem::exists(path("out.png")));
}

}  // namespace
}  // namespace janus::test
