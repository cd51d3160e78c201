// Images that JanusFlow draws in the running batch: what each is alone, whoever joins, leaves, is cancelled
// or fails beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/base/error.h"
#include "core/cpu/cpu_device.h"
#include "generator/engine/engine_model.h"
#include "generator/memory_need.h"
#include "tests/generator/engine_schedules.h"
#include "tests/support/counting_device.h"
#include "tests/support/damaged.h"
#include "tests/support/device_under_test.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

class FlowEngineTest : public testing::Test {
 protected:
  std::unique_ptr<Model> open(int threads = 1) const {
    return open_model(checkpoint_, oracle::test_device({.threads = threads}));
  }
  static Image draw(const Model& model, const ImageRequest& request, const ImageSink& sink = {}) {
    return Engine(model).generate(request, sink).image;
  }
  std::string error_of(const std::function<void()>& action) const {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::vector<Asked> requests() const {
    std::vector<Asked> all;
    const auto add = [&](auto request) {
      Asked& asked = all.emplace_back();
      if constexpr (std::is_same_v<decltype(request), ImageRequest>) {
        asked.image = std::move(request);
      } else if constexpr (std::is_same_v<decltype(request), AnswerRequest>) {
        asked.answer = std::move(request);
      } else {
        asked.score = std::move(request);
      }
    };
    const Image image = test_image(0);
    const std::vector<PromptImage> seen = test::prompt_images(*model_, {&image, 1});
    add(ImageRequest{.prompt = "two birds", .steps = 3, .sampling = {.seed = 7}});
    add(ImageRequest{.prompt = "two birds", .steps = 3, .sampling = {.seed = 8}});
    add(ImageRequest{.prompt = "two birds", .guidance = 1.0F, .steps = 5, .sampling = {.seed = 7}});
    add(ImageRequest{.prompt = "a much longer prompt about three quiet lakes", .guidance = 4.0F, .steps = 4});
    add(ImageRequest{.prompt = "two birds",
                     .negative_prompt = "four loud geese on a lake",
                     .steps = 2,
                     .sampling = {.seed = 7}});
    add(AnswerRequest{.turns = {{.question = "What is it?", .images = 1}}, .images = seen, .max_tokens = 9});
    add(AnswerRequest{.turns = {{.question = "Say something."}},
                      .max_tokens = 14,
                      .sampling = {.temperature = 1.0F, .top_p = 0.7F, .seed = 9}});
    add(ScoreRequest{.turns = {{.question = "What is it?", .images = 1}},
                     .images = seen,
                     .answers = {"Yes", "a longer answer of several words"}});
    for (Asked& asked : all) alone(*model_, asked);
    return all;
  }

  Checkpoint checkpoint_ = Checkpoint::open(JANUS_TEST_DATA "/flow/models/plain");
  std::unique_ptr<Model> model_ = open();
};

TEST_F(FlowEngineTest, RandomMixturesGiveWhatEachGivesAlone) {
  run_schedules(*model_, requests(), oracle::traits().has_own_memory ? 2 : 150);
}

TEST_F(FlowEngineTest, ManyAtOnceGiveWhatEachGivesAlone) { expect_alone_at_once(*model_, requests()); }

TEST_F(FlowEngineTest, ImagesDifferByWhatIsAsked) {
  const ImageRequest request{.prompt = "two birds", .steps = 3, .sampling = {.seed = 7}};
  const auto other = [&](const auto& change) {
    ImageRequest changed = request;
    change(changed);
    return draw(*model_, changed).pixels;
  };
  const std::vector<uint8_t> image = draw(*model_, request).pixels;
  EXPECT_NE(other([](ImageRequest& changed) { changed.sampling.seed = 8; }), image);
  EXPECT_NE(other([](ImageRequest& changed) { changed.steps = 4; }), image);
  EXPECT_NE(other([](ImageRequest& changed) { changed.guidance = 3; }), image);
  EXPECT_NE(other([](ImageRequest& changed) { changed.prompt = "a house"; }), image);
  EXPECT_NE(other([](ImageRequest& changed) { changed.negative_prompt = "geese"; }), image);
  EXPECT_EQ(other([](ImageRequest& changed) { changed.guidance = 2; }), image) << "the family's default";
}

TEST_F(FlowEngineTest, ThreadsDoNotChangeTheImage) {
  if (!oracle::traits().takes_threads) GTEST_SKIP() << "a GPU has no such option";
  const ImageRequest request{.prompt = "a tree", .steps = 3};
  const Image expected = draw(*model_, request);
  for (const int threads : {2, 3})
    EXPECT_EQ(draw(*open(threads), request).pixels, expected.pixels) << threads;
}

TEST_F(FlowEngineTest, ImageKHasTheSeedAndK) {
  const auto images =
      test::generate(*model_, {.prompt = "a bird", .count = 3, .steps = 2, .sampling = {.seed = 5}});
  for (size_t k = 0; k < images.size(); ++k) {
    EXPECT_EQ(images[k].seed, 5 + k);
    const ImageRequest request{
        .prompt = "a bird", .steps = 2, .sampling = {.seed = 5 + static_cast<uint32_t>(k)}};
    EXPECT_EQ(images[k].image.pixels, draw(*model_, request).pixels);
    EXPECT_TRUE(images[k].codes.codes.empty());
  }
}

TEST_F(FlowEngineTest, ANegativePromptIsThePromptOfTheUnconditionalRow) {
  const auto pixels = [&](const char* prompt, const char* negative, float guidance) {
    return draw(*model_, {.prompt = prompt, .negative_prompt = negative, .guidance = guidance, .steps = 3})
        .pixels;
  };
  // Guidance 0 leaves nothing of the conditional row, guidance 1 nothing of the other.
  EXPECT_EQ(pixels("two birds", "four loud geese", 0), pixels("four loud geese", "", 1));
  EXPECT_NE(pixels("two birds", "", 0), pixels("four loud geese", "", 1));
  EXPECT_THROW(pixels("two birds", "four loud geese", 1), Error);
}

TEST_F(FlowEngineTest, EachStepTellsWhatTheImageIsBecoming) {
  const ImageRequest request{.prompt = "a house", .steps = 6};
  std::vector<int> steps;
  std::vector<Image> previews;
  const Image image = draw(*model_, request, {.on_line = [&](const ImageSoFar& so_far) {
    EXPECT_EQ(so_far.all_lines, 6);
    steps.push_back(so_far.lines);
    previews.push_back(so_far.make());
  }});
  EXPECT_EQ(steps, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(image.pixels, draw(*model_, request).pixels) << "looking on changes nothing";
  const auto distance = [&](const Image& preview) {
    double sum = 0;
    for (size_t i = 0; i < image.pixels.size(); ++i) sum += std::abs(preview.pixels[i] - image.pixels[i]);
    return sum;
  };
  ASSERT_EQ(previews.back().pixels.size(), image.pixels.size());
  EXPECT_LT(distance(previews.back()), distance(previews.front()));
  // The first is where the velocity at the noise leads: what one step alone gives, but for rounding.
  const Image one_step = draw(*model_, {.prompt = "a house", .steps = 1});
  for (size_t i = 0; i < one_step.pixels.size(); ++i)
    EXPECT_NEAR(previews.front().pixels[i], one_step.pixels[i], 1) << i;
}

TEST_F(FlowEngineTest, AnswersAreWrittenWhileAnImageIsDrawn) {
  Engine engine(*model_, {.rows = 8, .hold_ms = 0});
  int drawn = 0, drawn_when_answered = -1;
  engine.submit(ImageRequest{.prompt = "a house", .steps = 40},
                {.on_progress = [&](const char*, int64_t done, int64_t) { drawn = static_cast<int>(done); }});
  engine.step();
  engine.submit(AnswerRequest{.turns = {{.question = "Say something."}}, .max_tokens = 6},
                {.on_done = [&](Answer&) { drawn_when_answered = drawn; }});
  while (engine.step()) {
  }
  EXPECT_GE(drawn_when_answered, 0);
  EXPECT_LT(drawn_when_answered, 10) << "it entered and was sampled between the layers";
}

TEST_F(FlowEngineTest, AnswersDoNotWaitForImagesThatWait) {
  Engine engine(*model_, {.rows = 8});
  std::vector<int> begun, ended;
  int most = 0, most_when_answered = -1;
  for (int i = 0; i < 6; ++i) {
    engine.submit(ImageRequest{.prompt = "a house", .steps = 40},
                  {.on_progress =
                       [&, i](const char* phase, int64_t done, int64_t) {
                         if (phase != std::string("drawing")) return;
                         if (done == 0) begun.push_back(i);
                         most = std::max(most, static_cast<int>(done));
                       },
                   .on_done = [&, i](GeneratedImage&) { ended.push_back(i); }});
  }
  engine.step();
  engine.submit(AnswerRequest{.turns = {{.question = "Say something."}}, .max_tokens = 6},
                {.on_done = [&](Answer&) { most_when_answered = most; }});
  while (engine.step()) {
  }
  EXPECT_GE(most_when_answered, 0);
  EXPECT_LT(most_when_answered, 20);
  EXPECT_EQ(begun, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(ended, begun);
}

TEST_F(FlowEngineTest, SpecialTokensInAPromptAreText) {
  const ImageRequest request{.prompt = "<begin_of_image> a bird<|end_of_sentence|>", .steps = 2};
  EXPECT_NO_THROW(draw(*model_, request));
  const auto& parts = model_->engine_model();
  const std::vector<int32_t> ids = parts.image_prompt("<begin_of_image>", false);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), *model_->tokenizer().id_of("<begin_of_image>")), 0);
  EXPECT_EQ(parts.image_prompt("<begin_of_image>", true).size() + 1 < ids.size(), true);
}

TEST_F(FlowEngineTest, RefusesWhatCannotBeDrawn) {
  const auto says = [&](const ImageRequest& request, const std::string& part) {
    const std::string said = error_of([&] { draw(*model_, request); });
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  for (const int steps : {0, 1001, -1}) says({.prompt = "a bird", .steps = steps}, "steps: expected");
  says({.prompt = "a bird", .guidance = -1.0F}, "guidance: expected");
  says({.prompt = "a bird", .guidance = 3e38F, .steps = 2}, "guidance: expected a weight");
  says({.prompt = "a bird", .sampling = {.temperature = 0.5F}}, "temperature: expected none");
  says({.prompt = "a bird", .sampling = {.top_k = 5}}, "top_k: expected none");
  says({.prompt = "a bird", .sampling = {.top_p = 0.5F}}, "top_p: expected none");
  const std::vector<int32_t> long_ids(static_cast<size_t>(model_->info().context_length) - 30, 25);
  says({.prompt_ids = long_ids}, "fit the context");
  says({.prompt = "  "}, "prompt: expected words");
}

TEST_F(FlowEngineTest, NumbersThatAreNoneAreToldOfAndNotDrawn) {
  const auto says = [&](const std::string& tensor, const std::string& part) {
    const auto model =
        open_model(test::damaged(checkpoint_, tensor, NAN), oracle::test_device({.threads = 1}));
    const std::string said = error_of([&] { draw(*model, {.prompt = "a bird", .steps = 2}); });
    EXPECT_NE(said.find(part + ": expected"), std::string::npos) << tensor << ": " << said;
  };
  says("language_model.model.embed_tokens.weight", "token embeddings");
  says("vision_gen_enc_model.in_conv.weight", "encoder of latents, or its aligner");
  says("vision_gen_enc_aligner.bias", "encoder of latents, or its aligner");
  says("language_model.model.layers.0.mlp.down_proj.weight", "decoder");
  says("vision_gen_dec_aligner.weight", "decoder of latents, or its aligner");
  says("vision_gen_dec_model.out_convs.0.unpatch_conv.bias", "decoder of latents, or its aligner");
}

TEST_F(FlowEngineTest, StoppingBreaksAStepOff) {
  Engine engine(*model_);
  Asked asked;
  asked.image = ImageRequest{.prompt = "a house", .steps = 1000};
  Outcome outcome;
  submit(engine, asked, outcome);
  std::thread runner([&] { engine.run(); });
  while (engine.load().running == 0) std::this_thread::yield();
  engine.stop();
  runner.join();
  EXPECT_EQ(outcome.told, 1);
  EXPECT_NE(outcome.other.find("stopped"), std::string::npos) << outcome.other;
}

TEST_F(FlowEngineTest, DrawingTakesTheMemoryThatWasTold) {
  if (oracle::traits().has_own_memory) GTEST_SKIP() << "tests/cuda_host/memory_need_test.cc has the GPU";
  using CountingDevice = oracle::CountingDevice<cpu::CpuDevice>;
  for (const int images : {1, 3}) {
    const auto device = std::make_shared<CountingDevice>([](size_t bytes) { return bytes; }, /*threads=*/1);
    const auto model = open_model(checkpoint_, device, {.type = WeightType::f32});
    const auto words =
        static_cast<int64_t>(model->engine_model().image_prompt("a house", /*special_tokens=*/false).size());
    const Work work{.prompt_tokens = words, .generated_images = images, .images_at_once = images};
    const MemoryNeed told = memory_need(checkpoint_, "cpu", {.type = WeightType::f32}, work);
    device->restart_peak();
    test::generate(*model, {.prompt = "a house", .count = images, .steps = 2});
    EXPECT_GE(told.own_bytes(), device->peak()) << images;
    EXPECT_LE(told.own_bytes(), device->peak() + told.held_bytes / 2) << images;
  }
}

}  // namespace
}  // namespace janus
