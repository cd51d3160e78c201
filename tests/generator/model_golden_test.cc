// What a Model answers, generates and scores against transformers in float32: the whole path from pixels and
// text.
#include <gtest/gtest.h>

#include "generator/model.h"
#include "generator/prompt.h"
#include "tests/golden.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

using test::departure;
using test::Golden;

// Choices whose two best lie nearer than this may go either way: logits, and cosines of codes.
constexpr double kMargin = 1e-3;
constexpr double kCodeMargin = 1e-4;
constexpr test::Tolerance kTensor{5e-5, 5e-5, 2e-5};
constexpr test::Tolerance kLogprobs{2e-4, 0, 1e-5};

class ModelGoldenTest : public testing::TestWithParam<std::string> {
 protected:
  Image golden_image(int index) const {
    const std::string stage = "picture." + std::to_string(index);
    return {.width = static_cast<int>(golden_.shape(stage)[1]),
            .height = static_cast<int>(golden_.shape(stage)[0]),
            .pixels = golden_.values<uint8_t>(stage)};
  }
  ImageCodes codes(const char* key) const {
    const ModelInfo& info = model_->info();
    return {.height = info.codes_height, .width = info.codes_width, .codes = golden_.list<int32_t>(key)};
  }
  std::string text(const char* key) const { return golden_.json().at(key).get<std::string>(); }

  void expect_logprobs(const Score& score, const std::vector<double>& expected) const {
    EXPECT_EQ(departure<double>(score.logprobs, expected, kLogprobs), "");
    double total = 0;
    for (double logprob : score.logprobs) total += logprob;
    EXPECT_NEAR(score.total, total, 1e-9);
  }

  // Ids up to the first unclear choice, and how many those are.
  static void expect_choices(const std::vector<int32_t>& found, const std::vector<int32_t>& expected,
                             const std::vector<double>& margins) {
    size_t clear = 0;
    while (clear < expected.size() && margins[clear] > kMargin) ++clear;
    ASSERT_GT(clear, 0U);
    ASSERT_GE(found.size(), clear);
    EXPECT_EQ(std::vector<int32_t>(found.begin(), found.begin() + clear),
              std::vector<int32_t>(expected.begin(), expected.begin() + clear));
  }

  Golden golden_{GetParam()};
  Checkpoint checkpoint_ = Checkpoint::open(test::golden_model(GetParam()));
  std::unique_ptr<Model> model_ =
      open_model(checkpoint_, oracle::test_device({.threads = 1}), {.type = WeightType::f32});
};

TEST_P(ModelGoldenTest, TextsAndPromptsHaveTheSameIds) {
  const TextTokenizer& tokenizer = model_->tokenizer();
  for (const nlohmann::json& line : golden_.json().at("texts")) {
    EXPECT_EQ(tokenizer.encode(line.at("text").get<std::string>(), /*add_begin=*/false),
              line.at("ids").get<std::vector<int32_t>>())
        << line.at("text");
  }
  const SpecialIds special = find_special_ids(tokenizer);
  EXPECT_EQ(special.placeholder, golden_.json().at("placeholder").get<int32_t>());
  EXPECT_EQ(special.pad, golden_.json().at("pad").get<int32_t>());
  EXPECT_EQ(understanding_prompt(tokenizer, special, text("question"), 1, model_->info().image_tokens),
            golden_.list<int32_t>("question_ids"));
  EXPECT_EQ(generation_prompt(tokenizer, special, text("prompt")), golden_.list<int32_t>("prompt_ids"));
}

TEST_P(ModelGoldenTest, EmbedsImages) {
  for (int index : {0, 1}) {
    const std::vector<float> expected = golden_.values<float>("pixels." + std::to_string(index));
    const Array pixels = model_->need_image_embedder().embed(golden_image(index), EmbedStage::pixels);
    EXPECT_EQ(pixels.values, expected) << "picture " << index;
  }
  const auto check = [&](EmbedStage stage, const std::vector<float>& expected) {
    const Array found = model_->need_image_embedder().embed(golden_image(0), stage);
    EXPECT_EQ(found.shape[0], model_->info().image_tokens);
    EXPECT_EQ(departure<float>(found.values, expected, kTensor), "");
  };
  check(EmbedStage::vision, golden_.values<float>("vision.features"));
  check(EmbedStage::aligned, golden_.values<float>("aligned"));
  check(EmbedStage::latent, golden_.channels_last("vq.latent"));
}

TEST_P(ModelGoldenTest, ScoresText) {
  const Image first = golden_image(0);
  const Score score = test::score_text(*model_, {&first, 1}, text("question"), text("answer"));
  EXPECT_EQ(score.ids, golden_.list<int32_t>("answer_ids"));
  expect_logprobs(score, golden_.list<double>("text_logprobs"));
}

TEST_P(ModelGoldenTest, ScoresTextAboutTwoImages) {
  const std::vector<Image> both{golden_image(0), golden_image(1)};
  expect_logprobs(test::score_text(*model_, both, text("question"), text("answer")),
                  golden_.list<double>("both_pictures_logprobs"));
}

TEST_P(ModelGoldenTest, DescribesGreedily) {
  DescribeOptions options;
  options.prompt = text("question");
  options.max_tokens = golden_.json().at("max_tokens").get<int>();
  const Image first = golden_image(0);
  std::string streamed;
  const Answer answer = model_->describe(
      {&first, 1}, options, [&](auto piece) { streamed += piece; }, nullptr);
  const auto expected = golden_.list<int32_t>("greedy_ids");
  expect_choices(answer.ids, expected, golden_.list<double>("greedy_margins"));
  EXPECT_EQ(streamed, answer.text);
  if (answer.ids == expected) {
    EXPECT_EQ(answer.text, text("greedy_text"));
  }
}

TEST_P(ModelGoldenTest, ScoresCodesWithAndWithoutGuidance) {
  for (const auto& [guidance, expected] : golden_.json().at("code_logprobs").items()) {
    SCOPED_TRACE("guidance " + guidance);
    const Score score = test::score_codes(*model_, text("prompt"), codes("codes"), std::stof(guidance));
    EXPECT_EQ(score.ids, golden_.list<int32_t>("codes"));
    expect_logprobs(score, expected.get<std::vector<double>>());
  }
}

TEST_P(ModelGoldenTest, GeneratesGreedily) {
  GenerateOptions options;
  options.prompt = text("prompt");
  options.guidance = golden_.json().at("guidance").get<float>();
  options.sampling.temperature = 0;
  const std::vector<GeneratedImage> images = test::generate(*model_, options);
  expect_choices(images[0].codes.codes, golden_.list<int32_t>("greedy_codes"),
                 golden_.list<double>("greedy_code_margins"));
}

TEST_P(ModelGoldenTest, DecodesCodes) {
  const Array image = model_->need_image_coder().decode(codes("codes"));
  EXPECT_EQ(image.shape, (std::vector<int64_t>{model_->info().image_size, model_->info().image_size, 3}));
  EXPECT_EQ(departure<float>(image.values, golden_.channels_last("image"), kTensor), "");
}

TEST_P(ModelGoldenTest, EncodesToTheNearestCodes) {
  const ImageCodes found = model_->need_image_coder().encode(golden_image(0));
  const auto expected = golden_.list<int32_t>("nearest_codes");
  const auto margins = golden_.list<double>("nearest_margins");
  ASSERT_EQ(found.codes.size(), expected.size());
  size_t clear = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (margins[i] <= kCodeMargin) continue;
    ++clear;
    EXPECT_EQ(found.codes[i], expected[i]) << "code " << i;
  }
  EXPECT_GT(clear, expected.size() / 2);
}

std::string name_of_case(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& character : name) {
    if (character == '-' || character == '.') character = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ModelGoldenTest, testing::ValuesIn(test::golden_names()), name_of_case);

}  // namespace
}  // namespace janus
