// What must hold of describing and generating without any reference, on small random checkpoints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "generator/model.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

Image test_image(int width, int height) {
  Image image{.width = width, .height = height, .pixels = {}};
  for (int i = 0; i < width * height * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37 % 251));
  return image;
}

std::unique_ptr<Model> open(const std::string& name, int threads = 0, WeightType type = WeightType::native) {
  return open_model(Checkpoint::open(JANUS_TEST_DATA "/models/" + name),
                    oracle::test_device({.threads = threads}), {.type = type});
}

class ModelInvariants : public testing::TestWithParam<const char*> {};

TEST_P(ModelInvariants, AnImageIsTheSameAloneAndInABatch) {
  const auto model = open(GetParam());
  const GenerateOptions batch{.prompt = "two birds", .count = 6, .sampling = {.seed = 4294967294U}};
  const std::vector<GeneratedImage> together = test::generate(*model, batch);
  ASSERT_EQ(together.size(), 6U);
  for (int index = 0; index < 6; ++index) {
    EXPECT_EQ(together[index].index, index);
    EXPECT_EQ(together[index].seed, 4294967294U + static_cast<uint32_t>(index)) << "seeds wrap around";
    GenerateOptions alone = batch;
    alone.count = 1;
    alone.sampling.seed = together[index].seed;
    EXPECT_EQ(test::generate(*model, alone).front().codes.codes, together[index].codes.codes)
        << "image " << index;
  }
  EXPECT_NE(together[0].codes.codes, together[1].codes.codes);
}

// More than are generated side by side, too.
TEST_P(ModelInvariants, AnImageIsTheSameInABatchOfAnySize) {
  const auto model = open(GetParam());
  const auto codes = [&](int count, uint32_t seed) {
    return test::generate(*model, {.prompt = "a bird", .count = count, .sampling = {.seed = seed}});
  };
  const std::vector<GeneratedImage> sixteen = codes(16, 5);
  for (const int count : {1, 2, 7, 17}) {
    const std::vector<GeneratedImage> fewer = codes(count, 5);
    for (int index = 0; index < std::min(count, 16); ++index) {
      EXPECT_EQ(fewer[index].codes.codes, sixteen[index].codes.codes) << "image " << index << " of " << count;
    }
  }
  EXPECT_EQ(codes(1, 20).front().codes.codes, sixteen[15].codes.codes);
}

// Whether or not others are generated meanwhile.
TEST_P(ModelInvariants, PixelsAreThoseOfTheCodes) {
  const auto model = open(GetParam());
  const ImageCoder& coder = model->need_image_coder();
  for (const GeneratedImage& made :
       test::generate(*model, {.prompt = "a bird", .count = 5, .sampling = {.seed = 5}})) {
    const Array pixels = coder.decode(made.codes);
    const auto height = static_cast<int>(pixels.shape[0]), width = static_cast<int>(pixels.shape[1]);
    EXPECT_EQ(made.image.pixels, to_image(pixels.values, width, height).pixels) << "image " << made.index;
  }
}

TEST_P(ModelInvariants, LinesOfAnImageAreItsBeginning) {
  const auto model = open(GetParam());
  Engine engine(*model);
  std::vector<int> lines;
  Image half;
  const ModelInfo& info = model->info();
  const GeneratedImage made = engine.generate({.prompt = "a house", .sampling = {.seed = 3}},
                                              {.on_line = [&](const ImageSoFar& image) {
                                                EXPECT_EQ(image.all_lines, info.codes_height);
                                                lines.push_back(image.lines);
                                                if (image.lines == info.codes_height / 2) half = image.make();
                                              }});
  ASSERT_EQ(lines.size(), static_cast<size_t>(info.codes_height) - 1);
  for (size_t line = 0; line < lines.size(); ++line) EXPECT_EQ(lines[line], static_cast<int>(line) + 1);
  // Convolutions see a little of the lines that are to come, so that only the grey below is certain.
  ASSERT_EQ(half.pixels.size(), made.image.pixels.size());
  const size_t generated =
      half.pixels.size() / static_cast<size_t>(info.codes_height) * (info.codes_height / 2);
  EXPECT_TRUE(std::all_of(half.pixels.begin() + static_cast<int64_t>(generated), half.pixels.end(),
                          [](uint8_t value) { return value == 127; }));
  EXPECT_FALSE(std::all_of(half.pixels.begin(), half.pixels.begin() + static_cast<int64_t>(generated),
                           [](uint8_t value) { return value == 127; }));
}

TEST_P(ModelInvariants, TextsScoredTogetherScoreAsAlone) {
  const auto model = open(GetParam());
  const Image image = test_image(25, 18);
  const std::vector<std::string> texts{"Yes", "a longer answer of several words", "No"};
  const std::vector<Score> together = test::score_texts(*model, {&image, 1}, "Is it?", texts);
  ASSERT_EQ(together.size(), texts.size());
  for (size_t index = 0; index < texts.size(); ++index) {
    const Score alone = test::score_text(*model, {&image, 1}, "Is it?", texts[index]);
    EXPECT_EQ(together[index].ids, alone.ids);
    EXPECT_EQ(together[index].logprobs, alone.logprobs) << texts[index];
  }
}

TEST_P(ModelInvariants, ThreadsDoNotChangeTheCodes) {
  const GenerateOptions options{.prompt = "a tree", .count = 2, .sampling = {}};
  const auto expected = test::generate(*open(GetParam(), 1), options);
  for (const int threads : {2, 3}) {
    const auto found = test::generate(*open(GetParam(), threads), options);
    for (size_t index = 0; index < expected.size(); ++index) {
      EXPECT_EQ(found[index].codes.codes, expected[index].codes.codes) << threads << " threads";
    }
  }
}

TEST_P(ModelInvariants, ScoringSampledCodesAgreesWithHowTheyWereSampled) {
  // Greedy codes under guidance are the likeliest at each step: no other code may score higher.
  const auto model = open(GetParam(), 0, WeightType::f32);
  for (const float guidance : {1.0F, 3.0F}) {
    const auto image =
        test::generate(*model, {.prompt = "a cat", .guidance = guidance, .sampling = {.temperature = 0.0F}})
            .front();
    const Score score = test::score_codes(*model, "a cat", image.codes, guidance);
    ASSERT_EQ(score.logprobs.size(), image.codes.codes.size());
    ImageCodes other = image.codes;
    for (size_t step = 0; step < other.codes.size(); step += 5) {
      const int32_t sampled = other.codes[step];
      other.codes[step] = static_cast<int32_t>((sampled + 1) % model->info().codebook_size);
      EXPECT_LE(test::score_codes(*model, "a cat", other, guidance).logprobs[step],
                score.logprobs[step] + 1e-4)
          << "step " << step << " guidance " << guidance;
      other.codes[step] = sampled;
    }
  }
}

TEST_P(ModelInvariants, StreamedTextIsTheAnswer) {
  const auto model = open(GetParam());
  const Image image = test_image(20, 11);
  std::string streamed;
  const Answer answer = model->describe(
      {&image, 1}, {.prompt = "What?", .max_tokens = 12}, [&](std::string_view piece) { streamed += piece; },
      nullptr);
  EXPECT_EQ(streamed, answer.text);
  EXPECT_LE(answer.ids.size(), 12U);
  EXPECT_TRUE(answer.finish_reason == FinishReason::stop || answer.ids.size() == 12U);
}

TEST_P(ModelInvariants, SampledAnswersFollowTheSeed) {
  const auto model = open(GetParam());
  const Image image = test_image(30, 40);
  const auto ids = [&](uint32_t seed) {
    const DescribeOptions options{
        .prompt = "What?", .max_tokens = 8, .sampling = {.temperature = 5.0F, .seed = seed}};
    return model->describe({&image, 1}, options, nullptr, nullptr).ids;
  };
  EXPECT_EQ(ids(3), ids(3));
  EXPECT_NE(ids(3), ids(4));
}

TEST_P(ModelInvariants, CodesComeBackInShape) {
  const auto model = open(GetParam());
  const ImageCodes codes = model->need_image_coder().encode(test_image(33, 21));
  const ModelInfo& info = model->info();
  for (int32_t code : codes.codes) EXPECT_TRUE(code >= 0 && code < info.codebook_size);
  const auto image = test::generate(*model, {.prompt = "x", .sampling = {.temperature = 0.0F}}).front();
  const Array pixels = model->need_image_coder().decode(image.codes);
  ASSERT_EQ(pixels.shape.size(), 3U);
  EXPECT_EQ(pixels.shape[2], 3);
  for (float value : pixels.values) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(ModelInvariants, WrongInputIsAnError) {
  const auto model = open(GetParam());
  ImageCodes codes{.height = 1, .width = 1, .codes = {0}};
  EXPECT_THROW(model->need_image_coder().decode(codes), Error);
  EXPECT_THROW(test::score_codes(*model, "x", codes, 1.0F), Error);
  codes = test::generate(*model, {.prompt = "x", .sampling = {}}).front().codes;
  codes.codes[0] = static_cast<int32_t>(model->info().codebook_size);
  EXPECT_THROW(model->need_image_coder().decode(codes), Error);
  EXPECT_THROW(test::score_codes(*model, "x", codes, 1.0F), Error);
  codes.codes[0] = -1;
  EXPECT_THROW(model->need_image_coder().decode(codes), Error);
  const std::string long_prompt(20000, 'z');
  EXPECT_THROW(test::generate(*model, {.prompt = long_prompt, .sampling = {}}), Error);
  EXPECT_THROW(model->describe({}, {.prompt = long_prompt}, nullptr, nullptr), Error);
}

INSTANTIATE_TEST_SUITE_P(RandomCheckpoints, ModelInvariants,
                         testing::Values("grouped-query", "original-pro", "original-1.3b", "tied-mixed"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace janus
