// What a JanusFlow model answers, scores and embeds against the reference in float32, and what it refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "core/base/error.h"
#include "core/cpu/cpu_device.h"
#include "generator/engine/engine_model.h"
#include "generator/memory_need.h"
#include "generator/model.h"
#include "generator/quantize.h"
#include "generator/random_checkpoint.h"
#include "tests/golden.h"
#include "tests/support/counting_device.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

using test::departure;

constexpr double kMargin = 1e-3;
constexpr test::Tolerance kTensor{1e-4, 1e-4, 2e-5};
constexpr test::Tolerance kLogprobs{5e-4, 0, 2e-5};

class FlowModelTest : public testing::TestWithParam<std::string> {
 protected:
  Image golden_image(int index) const {
    const std::string stage = "picture." + std::to_string(index);
    return {.width = static_cast<int>(golden_.shape(stage)[1]),
            .height = static_cast<int>(golden_.shape(stage)[0]),
            .pixels = golden_.values<uint8_t>(stage)};
  }
  std::string text(const char* key) const { return golden_.json().at(key).get<std::string>(); }
  void expect_logprobs(const Score& score, const char* key) const {
    EXPECT_EQ(departure<double>(score.logprobs, golden_.list<double>(key), kLogprobs), "") << key;
  }
  std::string error_of(const std::function<void()>& action) const {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  test::Golden golden_{GetParam(), "flow/goldens"};
  Checkpoint checkpoint_ = Checkpoint::open(JANUS_TEST_DATA "/flow/models/" + GetParam());
  std::unique_ptr<Model> model_ =
      open_model(checkpoint_, oracle::test_device({.threads = 1}), {.type = WeightType::f32});
};

TEST_P(FlowModelTest, SaysWhatItIs) {
  const ModelInfo& info = model_->info();
  EXPECT_EQ(info.family, "janusflow");
  EXPECT_EQ(info.image_tokens, golden_.shape("aligned")[0]);
  EXPECT_EQ(info.image_size, golden_.shape("pixels.0")[1]);
  EXPECT_EQ(info.codebook_size, 0);
}

// The reference's ids, but that its begin-of-image is a place of the image here.
TEST_P(FlowModelTest, APromptHasTheSameIds) {
  auto expected = golden_.list<int32_t>("question_ids");
  std::replace(expected.begin(), expected.end(), golden_.json().at("begin_image").get<int32_t>(),
               golden_.json().at("placeholder").get<int32_t>());
  const ChatTurn turn{.question = text("question"), .images = 1};
  EXPECT_EQ(model_->engine_model().answer_prompt({&turn, 1}, 1, false), expected);
}

TEST_P(FlowModelTest, ScoresTextAboutOneImageAndAboutTwo) {
  const std::vector<Image> both{golden_image(0), golden_image(1)};
  const Score score = test::score_text(*model_, std::span(both).first(1), text("question"), text("answer"));
  EXPECT_EQ(score.ids, golden_.list<int32_t>("answer_ids"));
  expect_logprobs(score, "text_logprobs");
  expect_logprobs(test::score_text(*model_, both, text("question"), text("answer")),
                  "both_pictures_logprobs");
}

TEST_P(FlowModelTest, DescribesGreedily) {
  DescribeOptions options{.prompt = text("question"),
                          .max_tokens = golden_.json().at("max_tokens").get<int>()};
  const Image image = golden_image(0);
  const Answer answer = model_->describe({&image, 1}, options);
  const auto expected = golden_.list<int32_t>("greedy_ids");
  const auto margins = golden_.list<double>("greedy_margins");
  size_t clear = 0;
  while (clear < expected.size() && margins[clear] > kMargin) ++clear;
  ASSERT_GT(clear, 0U);
  ASSERT_GE(answer.ids.size(), clear);
  EXPECT_TRUE(std::equal(expected.begin(), expected.begin() + clear, answer.ids.begin()));
}

TEST_P(FlowModelTest, EmbedsImages) {
  const ImageEmbedder& embedder = model_->need_image_embedder();
  EXPECT_EQ(embedder.embed(golden_image(1), EmbedStage::pixels).values, golden_.values<float>("pixels.1"));
  const auto check = [&](EmbedStage stage, const char* name) {
    const Array found = embedder.embed(golden_image(0), stage);
    EXPECT_EQ(found.shape, (std::vector<int64_t>{golden_.shape(name)[0], golden_.shape(name)[1]}));
    EXPECT_EQ(departure<float>(found.values, golden_.values<float>(name), kTensor), "") << name;
  };
  check(EmbedStage::vision, "vision.features");
  check(EmbedStage::aligned, "aligned");
  const Array latent = embedder.embed(golden_image(0), EmbedStage::latent);
  const ModelInfo& info = model_->info();
  EXPECT_EQ(latent.shape,
            (std::vector<int64_t>{int64_t{info.latent_side} * info.latent_side, info.latent_channels}));
}

TEST_P(FlowModelTest, HasNoCodes) {
  const ImageCodes codes{.height = 1, .width = 1, .codes = {0}};
  const std::string said = error_of([&] { test::score_codes(*model_, "a red circle", codes, 1.0F); });
  EXPECT_NE(said.find("janusflow"), std::string::npos) << said;
  EXPECT_EQ(model_->image_coder(), nullptr);
}

// A text that says begin-of-image counts no image.
TEST_P(FlowModelTest, SpecialTokensInAQuestionAreText) {
  const Image image = golden_image(0);
  const Answer answer =
      model_->describe({&image, 1}, {.prompt = "What is <begin_of_image>?", .max_tokens = 2});
  EXPECT_LE(answer.ids.size(), 2U);
}

TEST_P(FlowModelTest, AnswersFromOneFileOfItsOwn) {
  const QuantizePlan plan = plan_quantize(checkpoint_, WeightType::native, "copy");
  const std::string file = testing::TempDir() + "janus_flow_" + GetParam() + ".gguf";
  {
    std::ofstream out(file, std::ios::binary);
    write_quantized(plan, *open_device("cpu", {.threads = 1}),
                    [&](std::span<const std::byte> bytes) {
                      out.write(reinterpret_cast<const char*>(bytes.data()),
                                static_cast<std::streamsize>(bytes.size()));
                    },
                    {});
  }
  const Checkpoint copy = Checkpoint::open(file);
  const auto other = open_model(copy, oracle::test_device({.threads = 1}), {.type = WeightType::f32});
  const Image image = golden_image(0);
  const Score score = test::score_text(*other, {&image, 1}, text("question"), text("answer"));
  expect_logprobs(score, "text_logprobs");
  std::filesystem::remove(file);
}

TEST_P(FlowModelTest, DescribingTakesTheMemoryThatWasTold) {
  if (oracle::traits().has_own_memory) GTEST_SKIP() << "tests/cuda_host/memory_need_test.cc has the GPU";
  using CountingDevice = oracle::CountingDevice<cpu::CpuDevice>;
  const auto device = std::make_shared<CountingDevice>([](size_t bytes) { return bytes; }, /*threads=*/1);
  const auto model = open_model(checkpoint_, device, {.type = WeightType::f32});
  const ChatTurn turn{.question = "Describe this image.", .images = 1};
  const auto ids = model->engine_model().answer_prompt({&turn, 1}, 1, false);
  const int64_t words = static_cast<int64_t>(ids.size()) - model->info().image_tokens;
  const Work work{.prompt_tokens = words, .prompt_images = 1, .new_tokens = 9};
  const MemoryNeed told = memory_need(checkpoint_, "cpu", {.type = WeightType::f32}, work);
  const int64_t before = device->live();
  EXPECT_EQ(told.held_bytes, before);
  device->restart_peak();
  const Image image = golden_image(0);
  model->describe({&image, 1}, {.prompt = turn.question, .max_tokens = 9});
  const int64_t taken = device->peak() - before;
  EXPECT_GE(told.cache_bytes + told.scratch_bytes, taken);
  EXPECT_LE(told.cache_bytes + told.scratch_bytes, taken + told.held_bytes / 2);
}

INSTANTIATE_TEST_SUITE_P(All, FlowModelTest, testing::Values("plain", "untagged", "wide"));

// Every weight of JanusFlow-1.3B and of SDXL's autoencoder but the tower's pooling head, in two bytes each.
TEST(RandomFlow, HasTheReleasedSizes) {
  constexpr int64_t kReleased = 2'046'367'504, kPoolingHead = 12'595'200, kAutoencoder = 83'653'863;
  EXPECT_EQ(random_checkpoint_bytes("janusflow-1.3b"), 2 * (kReleased - kPoolingHead + kAutoencoder));
}

}  // namespace
}  // namespace janus
