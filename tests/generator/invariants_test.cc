// What must hold of describing and generating without any reference, on small random checkpoints.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "generator/model.h"
#include "tests/support/device_under_test.h"

namespace janus {
namespace {

Image test_picture(int width, int height) {
  Image image{.width = width, .height = height, .pixels = {}};
  for (int i = 0; i < width * height * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37 % 251));
  return image;
}

std::unique_ptr<Model> open(const std::string& name, int threads = 0, WeightType type = WeightType::native) {
  return open_model(Checkpoint::open(JANUS_TEST_DATA "/models/" + name),
                    oracle::test_device({.threads = threads}), {.type = type});
}

std::unique_ptr<Model> open_with(const std::string& name, int images_at_once) {
  return open_model(Checkpoint::open(JANUS_TEST_DATA "/models/" + name), oracle::test_device(),
                    {.type = WeightType::native, .progress = {}, .images_at_once = images_at_once});
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

// More than are drawn side by side, too.
TEST_P(ModelInvariants, AnImageIsTheSameInABatchOfAnySize) {
  const auto model = open(GetParam());
  const auto codes = [&](int count, uint32_t seed) {
    return draw(*model, {.prompt = "a bird", .count = count, .sampling = {.seed = seed}});
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

// Whether or not the device draws the next ones meanwhile.
TEST_P(ModelInvariants, PicturesDecodedBetweenGroupsAreThoseDecodedAlone) {
  const auto model = open_with(GetParam(), 2);
  std::vector<GeneratedImage> images;
  std::vector<Array> pictures;
  model->generate(
      {.prompt = "a bird", .count = 5, .sampling = {.seed = 5}},
      [&](const GeneratedImage& image) {
        images.push_back(image);
        pictures.push_back(model->decode(image.codes));
      },
      nullptr);
  ASSERT_EQ(images.size(), 5U);
  const std::vector<GeneratedImage> alone =
      draw(*open(GetParam()), {.prompt = "a bird", .count = 5, .sampling = {.seed = 5}});
  for (size_t index = 0; index < images.size(); ++index) {
    EXPECT_EQ(images[index].index, static_cast<int>(index));
    EXPECT_EQ(images[index].codes.codes, alone[index].codes.codes) << "image " << index;
    EXPECT_EQ(pictures[index].values, model->decode(images[index].codes).values) << "image " << index;
  }
}

TEST_P(ModelInvariants, ImagesOfDifferentPromptsSideBySideAreWhatTheyAreAlone) {
  const auto model = open(GetParam());
  const std::vector<ImageRequest> requests{
      {.prompt = "two birds", .guidance = 5.0F, .sampling = {.seed = 7}},
      {.prompt = "a much longer prompt about three quiet lakes", .guidance = 1.0F, .sampling = {.seed = 7}},
      {.prompt = "x", .guidance = 2.5F, .sampling = {.temperature = 0.0F, .seed = 9}},
      {.prompt = "two birds", .guidance = 5.0F, .sampling = {.seed = 8}},
      {.prompt = "two birds", .guidance = 1.0F, .sampling = {.top_k = 3, .seed = 7}},
      {.prompt = "x", .guidance = 5.0F, .sampling = {.top_p = 0.5F, .seed = 1}}};
  std::vector<GeneratedImage> together;
  const DrawHooks hooks{.on_image = [&](const GeneratedImage& image) { together.push_back(image); },
                        .on_line = {},
                        .progress = {}};
  model->generate_each(requests, hooks);
  ASSERT_EQ(together.size(), requests.size());
  for (size_t index = 0; index < requests.size(); ++index) {
    const ImageRequest& request = requests[index];
    EXPECT_EQ(together[index].index, static_cast<int>(index));
    EXPECT_EQ(together[index].seed, request.sampling.seed);
    const auto alone =
        draw(*model, {.prompt = request.prompt, .guidance = request.guidance, .sampling = request.sampling});
    EXPECT_EQ(together[index].codes.codes, alone.front().codes.codes) << "image " << index;
  }
}

TEST_P(ModelInvariants, LinesOfAnImageAreItsBeginning) {
  const auto model = open(GetParam());
  const std::vector<ImageRequest> requests(3, {.prompt = "a house", .sampling = {.seed = 3}});
  std::vector<size_t> lengths;
  std::vector<int32_t> last_seen, drawn;
  model->generate_each(requests, {.on_image = [&](const GeneratedImage& image) { drawn = image.codes.codes; },
                                  .on_line =
                                      [&](std::span<const GeneratedImage> so_far) {
                                        ASSERT_EQ(so_far.size(), 3U);
                                        last_seen = so_far[2].codes.codes;
                                        lengths.push_back(last_seen.size());
                                      },
                                  .progress = {}});
  const auto width = static_cast<size_t>(model->info().codes_width);
  ASSERT_EQ(lengths.size(), static_cast<size_t>(model->info().codes_height) - 1);
  for (size_t line = 0; line < lengths.size(); ++line) EXPECT_EQ(lengths[line], (line + 1) * width);
  drawn.resize(last_seen.size());
  EXPECT_EQ(drawn, last_seen);
}

TEST_P(ModelInvariants, TextsScoredTogetherScoreAsAlone) {
  const auto model = open(GetParam());
  const Image image = test_picture(25, 18);
  const std::vector<std::string> texts{"Yes", "a longer answer of several words", "No"};
  const std::vector<Score> together = model->score_texts({&image, 1}, "Is it?", texts);
  ASSERT_EQ(together.size(), texts.size());
  for (size_t index = 0; index < texts.size(); ++index) {
    const Score alone = model->score_text({&image, 1}, "Is it?", texts[index]);
    EXPECT_EQ(together[index].ids, alone.ids);
    EXPECT_EQ(together[index].logprobs, alone.logprobs) << texts[index];
  }
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
