// The steps of JanusFlow from the reference's noise, and the image that they end in, against the reference in
// float32.
#include <gtest/gtest.h>

#include "core/tensor/ops.h"
#include "generator/engine/scheduler.h"
#include "generator/janusflow/flow_engine_model.h"
#include "tests/golden.h"
#include "tests/support/device_under_test.h"

namespace janus {
namespace {

constexpr test::Tolerance kStep{2e-4, 2e-4, 2e-4};

// Draws from a given noise, and keeps each latent that it is shown.
class WatchedFlow : public LatentFlow {
 public:
  WatchedFlow(const LatentFlow& flow, std::vector<float> noise) : flow_(flow), noise_(std::move(noise)) {}

  void check_draws() const override { flow_.check_draws(); }
  int64_t tokens() const override { return flow_.tokens(); }
  std::vector<float> noise(uint32_t) const override { return noise_; }
  FlowTime at(float time) const override { return flow_.at(time); }
  FlowInput read(std::span<const float> latent, const FlowTime& time) const override {
    latents.emplace_back(latent.begin(), latent.end());
    return flow_.read(latent, time);
  }
  std::vector<float> velocity(const Tensor& hidden, const FlowInput& input,
                              const FlowTime& time) const override {
    return flow_.velocity(hidden, input, time);
  }
  Array stored(std::span<const float> latent) const override { return flow_.stored(latent); }
  Image make_image(std::span<const float> latent, const LayerHook& on_layer) const override {
    latents.emplace_back(latent.begin(), latent.end());
    return flow_.make_image(latent, on_layer);
  }

  mutable std::vector<std::vector<float>> latents;  // before each step, and behind the last

 private:
  const LatentFlow& flow_;
  std::vector<float> noise_;
};

class WatchedModel : public FlowEngineModel {
 public:
  WatchedModel(const FlowNetworks& networks, const FlowVae& vae, std::vector<float> noise)
      : FlowEngineModel(networks, vae, {}), watched(*FlowEngineModel::latent_flow(), std::move(noise)) {}
  const LatentFlow* latent_flow() const override { return &watched; }

  const WatchedFlow watched;
};

class FlowDrawingTest : public testing::TestWithParam<std::string> {
 protected:
  Image draw(const WatchedModel& model, int steps) const {
    auto ids = golden_.list<int32_t>("prompt_ids");
    ids.pop_back();  // the time stands in the tag's place
    const ImageRequest request{
        .prompt_ids = ids, .guidance = golden_.json().at("guidance").get<float>(), .steps = steps};
    Image image;
    Scheduler scheduler(model, {.rows = 2, .cache_tokens = INT32_MAX, .chunk_tokens = 256, .hold_ms = 50},
                        [] {});
    scheduler.add(make_image(
        model, request,
        {.on_done = [&](GeneratedImage& made) { image = made.image; }, .on_error = std::rethrow_exception}));
    while (!scheduler.idle()) scheduler.step();
    return image;
  }

  test::Golden golden_{GetParam(), "flow/goldens"};
  std::shared_ptr<Device> device_ = oracle::test_device({.threads = 1});
  Checkpoint checkpoint_ = Checkpoint::open(JANUS_TEST_DATA "/flow/models/" + GetParam());
  FlowNetworks networks_ = FlowNetworks::load(checkpoint_, *device_, WeightType::f32);
  FlowVae vae_{checkpoint_, networks_.config, *device_, {.type = WeightType::f32}};
  WatchedModel model_{networks_, vae_, golden_.channels_last("flow.noise")};
};

TEST_P(FlowDrawingTest, LatentsAreTheReferences) {
  const int steps = golden_.json().at("steps").get<int>();
  draw(model_, steps);
  ASSERT_EQ(model_.watched.latents.size(), static_cast<size_t>(steps) + 1);
  for (const int step : golden_.list<int>("kept_steps")) {
    const std::string stage = "flow.latent." + std::to_string(step);
    EXPECT_EQ(test::departure<float>(model_.watched.latents[static_cast<size_t>(step)],
                                     golden_.channels_last(stage), kStep),
              "")
        << stage;
  }
}

TEST_P(FlowDrawingTest, TheImageIsTheReferences) {
  const Image image = draw(model_, golden_.json().at("image_steps").get<int>());
  const auto expected = golden_.values<uint8_t>("flow.image");
  ASSERT_EQ(image.pixels.size(), expected.size());
  size_t apart = 0;
  for (size_t i = 0; i < expected.size(); ++i) apart += std::abs(image.pixels[i] - expected[i]) > 1 ? 1 : 0;
  EXPECT_LE(static_cast<double>(apart), 0.001 * static_cast<double>(expected.size()));
}

// The reference pads it to the length of the other and masks the pads.
TEST_P(FlowDrawingTest, TheUnconditionalRowNeedsNoPads) {
  auto ids = golden_.list<int32_t>("prompt_ids");
  ids.pop_back();
  const auto length = static_cast<int32_t>(ids.size());
  const LatentFlow& flow = model_.watched;
  const FlowTime time = flow.at(golden_.json().at("time").get<float>() / 1000.0F);
  const FlowInput input = flow.read(golden_.channels_last("flow.noise"), time);
  const Transformer& language_model = networks_.language_model;
  const int64_t tokens = input.tokens.size(0), width = input.tokens.size(1);
  const int32_t row = 0;
  KvCache cache(*device_, networks_.config.language, 1, 1 + tokens, DType::f32);
  language_model.forward(language_model.embed(std::span(ids).first(1)).reshape({1, 1, width}), cache,
                         {&row, 1});
  const Tensor x = input.tokens.reshape({1, tokens, width});
  const auto places = [&](const Tensor& hidden) {
    return ops::to_host(hidden.reshape({tokens, width}).rows(1, tokens - 1));
  };
  const auto expected = golden_.values<float>("flow.hidden.unconditional");
  const std::vector<float> found = places(language_model.forward(x, cache, {&row, 1}, {}, {&length, 1}));
  EXPECT_EQ(test::departure<float>(found, expected, {1e-4, 1e-4, 2e-5}), "");
  cache.truncate(0, 1);
  EXPECT_NE(
      test::departure<float>(places(language_model.forward(x, cache, {&row, 1})), expected, {1e-3, 0, 1}), "")
      << "positions right behind the begin token are others";
}

INSTANTIATE_TEST_SUITE_P(All, FlowDrawingTest, testing::Values("plain", "untagged", "wide"));

}  // namespace
}  // namespace janus
