// janus score of several texts, about one image or many: each as it is scored alone.
#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace janus::test {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

class ScoreMany : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    std::filesystem::create_directory(path("p"));
    for (int i = 0; i < 3; ++i)
      image_file("p/" + std::to_string(i) + ".png", 10 + i, 20, static_cast<uint8_t>(80 * i));
  }
  static Result score(Words words) {
    words.insert(words.begin(), {"score", "-q"});
    return run_model(words);
  }
  static std::vector<Json> records(const Result& result) {
    std::vector<Json> found;
    for (const std::string& line : lines_of(result.out)) found.push_back(Json::parse(line));
    return found;
  }
};

TEST_F(ScoreMany, EveryScoreIsWhatItIsAlone) {
  const Words texts{"A red square.", "Dog"};
  const Result result = score({"--image", path("p"), "-p", "Which?", "--text", texts[0], "--text", texts[1]});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::vector<Json> found = records(result);
  ASSERT_EQ(found.size(), 3U);
  for (size_t i = 0; i < found.size(); ++i) {
    const std::string image = path("p/" + std::to_string(i) + ".png");
    EXPECT_EQ(found[i]["key"], image);
    ASSERT_EQ(found[i]["scores"].size(), 2U);
    for (size_t t = 0; t < texts.size(); ++t) {
      Json alone = Json::parse(score({"--image", image, "-p", "Which?", "--text", texts[t]}).out);
      Json one = found[i]["scores"][t];
      EXPECT_EQ(one["text"], texts[t]);
      one.erase("text");
      EXPECT_EQ(one, alone);
    }
  }
  EXPECT_NE(found[0]["scores"], found[2]["scores"]);
}

TEST_F(ScoreMany, ABrokenImageHasItsRecord) {
  write_file(path("p/1.png"), "no picture");
  const Result result = score({"--image", path("p"), "--text", "x"});
  EXPECT_EQ(result.code, 3);
  expect_one_error(result.err);
  const std::vector<Json> found = records(result);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[1].contains("error"));
  EXPECT_TRUE(found[2].contains("scores"));
}

TEST_F(ScoreMany, FormsThatMeanNothingAreRefused) {
  const std::string image = path("p/0.png");
  EXPECT_EQ(records(score({"--image", image, "--text", "x", "--text", "y"})).size(), 1U);
  EXPECT_EQ(records(score({"--image", path("p"), "--text", "x", "--where", "width==11 or width==12"})).size(),
            2U);
  for (const Words& wrong : {Words{"--image", "-", "--text", "x", "--text", "y"},
                             {"--image", path("p")},
                             {image, "-p", "x", "--limit", "1"}}) {
    const Result result = score(wrong);
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
  }
}

}  // namespace
}  // namespace janus::test
