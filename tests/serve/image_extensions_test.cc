// What /v1/images/generations has beside OpenAI's fields: best_of, janus_preview_every, and places in the
// queue.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/generate/ranking.h"
#include "tests/serve/openai_service.h"

namespace janus::cli {
namespace {

constexpr const char* kPath = "/v1/images/generations";
constexpr const char* kPrompt = "a large red star on a white background";

class ImageExtensions : public testing::Test {
 protected:
  void SetUp() override { JANUS_NEEDS_TINY(); }

  static Image decoded(const Json& base64) {
    return decode_image(from_base64(base64.get<std::string>()).value_or(std::vector<std::byte>()), "reply")
        .image;
  }
  std::vector<Json> events(Json body) {
    std::vector<Json> all;
    for (const std::string& data : service_.stream(kPath, std::move(body))) all.push_back(Json::parse(data));
    return all;
  }

  struct Ranked {
    uint32_t seed = 0;
    double score = 0;
    std::vector<uint8_t> pixels;
  };
  // What `janus generate --best-of` ranks, best first.
  std::vector<Ranked> ranked(uint32_t seed, int count) {
    std::vector<Ranked> all;
    Engine engine(service_.model());
    for (int k = 0; k < count; ++k) {
      ImageRequest request{.prompt = kPrompt};
      request.sampling.seed = seed + static_cast<uint32_t>(k);
      const Image image = engine.generate(request).image;
      all.push_back(
          {request.sampling.seed, rank_score(engine, "self-caption", request, image), image.pixels});
    }
    std::ranges::stable_sort(all, std::greater<>(), &Ranked::score);
    return all;
  }
  static void expect_ranking(const Json& candidates, const std::vector<Ranked>& expected) {
    ASSERT_EQ(candidates.size(), expected.size());
    for (size_t k = 0; k < expected.size(); ++k) {
      EXPECT_EQ(candidates[k]["seed"], expected[k].seed);
      EXPECT_NEAR(candidates[k]["score"].get<double>(), expected[k].score, 1e-6);
    }
  }

  OpenAiService service_;
};

TEST_F(ImageExtensions, TheBestOfSeveralIsThatOfTheCommand) {
  const std::vector<Ranked> expected = ranked(126, 4);
  ASSERT_NE(expected.front().seed, 126U);  // or the first would do
  const Json reply = service_.ask(kPath, {{"prompt", kPrompt}, {"seed", 126}, {"best_of", 4}});
  ASSERT_EQ(reply["data"].size(), 1U);
  const Json& one = reply["data"][0];
  EXPECT_EQ(one["seed"], expected.front().seed);
  EXPECT_EQ(decoded(one["b64_json"]).pixels, expected.front().pixels);
  expect_ranking(one["candidates"], expected);
  const ModelInfo& info = service_.model().info();
  EXPECT_EQ(reply["usage"]["output_tokens"], 4 * info.codes_height * info.codes_width);
}

TEST_F(ImageExtensions, CandidatesAreShownWhileTheyGrow) {
  const std::vector<Json> all =
      events({{"prompt", kPrompt}, {"seed", 126}, {"best_of", 3}, {"partial_images", 1}});
  ASSERT_EQ(all.size(), 4U);
  std::vector<int> shown;
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(all[k]["type"], "image_generation.partial_image");
    EXPECT_EQ(all[k]["index"], 0);
    EXPECT_EQ(all[k]["seed"], 126 + all[k]["candidate"].get<int>());
    shown.push_back(all[k]["candidate"]);
  }
  std::ranges::sort(shown);
  EXPECT_EQ(shown, (std::vector<int>{0, 1, 2}));
  const Json& last = all.back();
  EXPECT_EQ(last["type"], "image_generation.completed");
  EXPECT_EQ(last["seed"], last["candidates"][0]["seed"]);
  expect_ranking(last["candidates"], ranked(126, 3));
}

TEST_F(ImageExtensions, PreviewsComeEveryFewLines) {
  const int lines = service_.model().info().codes_height;
  for (const int every : {1, 3}) {
    const std::vector<Json> all = events({{"prompt", kPrompt}, {"seed", 5}, {"janus_preview_every", every}});
    ASSERT_EQ(all.size(), static_cast<size_t>((lines - 1) / every + 1));
    for (size_t k = 0; k + 1 < all.size(); ++k) {
      EXPECT_EQ(all[k]["partial_image_index"], k);
      EXPECT_EQ(all[k]["lines"], every * static_cast<int>(k + 1));
      EXPECT_EQ(all[k]["all_lines"], lines);
      // Grey, as far as the decoder sees, below what is drawn.
      const std::vector<uint8_t> pixels = decoded(all[k]["b64_json"]).pixels;
      EXPECT_EQ(pixels.back(), pixels[pixels.size() - 3]);
    }
    EXPECT_EQ(all.back()["type"], "image_generation.completed");
  }
}

TEST_F(ImageExtensions, WrongOnesAreRefused) {
  const auto expect = [&](Json more, const std::string& param) {
    Json body{{"prompt", kPrompt}, {"stream", true}};
    body.update(more);
    expect_openai_error(service_.post(kPath, body), 400, param);
  };
  expect({{"best_of", 2}, {"n", 2}}, "n");
  expect({{"best_of", 0}}, "best_of");
  expect({{"best_of", 11}}, "best_of");
  expect({{"janus_preview_every", -1}}, "janus_preview_every");
  expect({{"janus_preview_every", 1000}}, "janus_preview_every");
}

}  // namespace
}  // namespace janus::cli
