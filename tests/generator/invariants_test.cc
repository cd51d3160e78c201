// What must hold of describing and generating without any reference, on small random checkpoints.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "generator/model.h"

namespace janus {
namespace {

Image test_picture(int width, int height) {
  Image image{.width = width, .height = height, .pixels = {}};
  for (int i = 0; i < width * height * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37 % 251));
  return image;
}

std::unique_ptr<Model> open(const std::string& name, int threads = 0, WeightType type = WeightType::native) {
  return open_model(Checkpoint::open(JANUS_TEST_DATA "/models/" + name),
                    open_device("cpu", {.threads = threads}), {.type = type});
}

std::vector<GeneratedImage> draw(const Model& model, const GenerateOptions& options) {
  std::vector<GeneratedImage> images;
  model.generate(
      options, [&](const GeneratedImage& image) { images.push_back(image); }, nullptr);
  return images;
}

class ModelInvariants : public testing::TestWithParam<const char*> {};

TEST_P(ModelInvariants, AnImageIsTheSameAloneAndInABatch) {
  const auto model = open(GetParam());
  const GenerateOptions batch{.prompt = "two birds", .count = 6, .sampling = {.seed = 4294967294U}};
  const std::vector<GeneratedImage> together = draw(*model, batch);
  ASSERT_EQ(together.size(), 6U);
  for (int index = 0; index < 6; ++index) {
    EXPECT_EQ(together[index].index, index);
    EXPECT_EQ(together[index].seed, 4294967294U + static_cast<uint32_t>(index)) << "seeds wrap around";
    GenerateOptions alone = batch;
    alone.count = 1;
    alone.sampling.seed = together[index].seed;
    EXPECT_EQ(draw(*model, alone).front().codes.codes, together[index].codes.codes) << "image " << index;
  }
  EXPECT_NE(together[0].codes.codes, together[1].codes.codes);
}

TEST_P(ModelInvariants, ThreadsDoNotChangeTheCodes) {
  const GenerateOptions options{.prompt = "a tree", .count = 2, .sampling = {}};
  const auto expected = draw(*open(GetParam(), 1), options);
  for (const int threads : {2, 3}) {
    const auto found = draw(*open(GetParam(), threads), options);
    for (size_t index = 0; index < expected.size(); ++index) {
      EXPECT_EQ(found[index].codes.codes, expected[index].codes.codes) << threads << " threads";
    }
  }
}

TEST_P(ModelInvariants, ScoringDrawnCodesAgreesWithHowTheyWereDrawn) {
  // Greedy codes under guidance are the likeliest at each step: no other code may score higher.
  const auto model = open(GetParam(), 0, WeightType::f32);
  for (const float guidance : {1.0F, 3.0F}) {
    const auto image =
        draw(*model, {.prompt = "a cat", .guidance = guidance, .sampling = {.temperature = 0.0F}}).front();
    const Score score = model->score_codes("a cat", image.codes, guidance);
    ASSERT_EQ(score.logprobs.size(), image.codes.codes.size());
    ImageCodes other = image.codes;
    for (size_t step = 0; step < other.codes.size(); step += 5) {
      const int32_t drawn = other.codes[step];
      other.codes[step] = static_cast<int32_t>((drawn + 1) % model->info().codebook_size);
      EXPECT_LE(model->score_codes("a cat", other, guidance).logprobs[step], score.logprobs[step] + 1e-4)
          << "step " << step << " guidance " << guidance;
      other.codes[step] = drawn;
    }
  }
}

TEST_P(ModelInvariants, StreamedTextIsTheAnswer) {
  const auto model = open(GetParam());
  const Image image = test_picture(20, 11);
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
  const Image image = test_picture(30, 40);
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
  const ImageCodes codes = model->encode(test_picture(33, 21));
  const ModelInfo& info = model->info();
  for (int32_t code : codes.codes) EXPECT_TRUE(code >= 0 && code < info.codebook_size);
  const auto image = draw(*model, {.prompt = "x", .sampling = {.temperature = 0.0F}}).front();
  const Array planes = model->decode(image.codes);
  ASSERT_EQ(planes.shape.size(), 3U);
  EXPECT_EQ(planes.shape[0], 3);
  for (float value : planes.values) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(ModelInvariants, WrongInputIsAnError) {
  const auto model = open(GetParam());
  ImageCodes codes{.height = 1, .width = 1, .codes = {0}};
  EXPECT_THROW(model->decode(codes), Error);
  EXPECT_THROW(model->score_codes("x", codes, 1.0F), Error);
  codes = draw(*model, {.prompt = "x", .sampling = {}}).front().codes;
  codes.codes[0] = static_cast<int32_t>(model->info().codebook_size);
  EXPECT_THROW(model->decode(codes), Error);
  EXPECT_THROW(model->score_codes("x", codes, 1.0F), Error);
  codes.codes[0] = -1;
  EXPECT_THROW(model->decode(codes), Error);
  const std::string long_prompt(20000, 'z');
  EXPECT_THROW(draw(*model, {.prompt = long_prompt, .sampling = {}}), Error);
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
