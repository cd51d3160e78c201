// Every stage of JanusFlow's networks against the reference's modules in float32, in the order in which they
// are computed.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/janusflow/flow_networks.h"
#include "tests/golden.h"
#include "tests/support/device_under_test.h"

namespace janus {
namespace {

// Rounding alone; GELU by tanh, or an epsilon of 1e-5, is beyond it.
constexpr test::Tolerance kNetworks{1e-4, 1e-4, 1e-5};
constexpr test::Tolerance kDecoder{1e-4, 1e-4, 2e-5};

class FlowGoldenTest : public testing::TestWithParam<std::string> {
 protected:
  void expect_stage(const std::string& stage, const std::vector<float>& found,
                    const std::vector<float>& expected, const test::Tolerance& tolerance = kNetworks) const {
    EXPECT_EQ(test::departure<float>(found, expected, tolerance), "") << stage;
  }
  void expect_stage(const std::string& stage, const Tensor& found,
                    const test::Tolerance& tolerance = kNetworks) const {
    expect_stage(stage, ops::to_host(found), golden_.values<float>(stage), tolerance);
  }
  // For tensors [1, h, w, C].
  void expect_image(const std::string& stage, const std::vector<float>& found,
                    const test::Tolerance& tolerance = kNetworks) const {
    expect_stage(stage, found, golden_.channels_last(stage), tolerance);
  }
  Tensor image(const std::string& stage) const {
    const Shape& shape = golden_.shape(stage);
    return ops::from_host(*device_, golden_.channels_last(stage), {1, shape[1], shape[2], shape[0]});
  }
  Tensor encoded(const Tensor& latent, const Tensor& time) const {
    return networks_.encoder(latent, modulations(networks_.encoder.blocks, time));
  }
  // x: [T, D] into a new row of a cache -> hidden states [T, D].
  Tensor forward(const Tensor& x) const {
    const int64_t length = x.size(0), width = x.size(1);
    const int32_t row = 0;
    KvCache cache(*device_, networks_.config.language, 1, length, DType::f32);
    return networks_.language_model.forward(x.reshape({1, length, width}), cache, {&row, 1})
        .reshape({length, width});
  }

  test::Golden golden_{GetParam(), "flow/goldens"};
  std::shared_ptr<Device> device_ = oracle::test_device({.threads = 1});
  Checkpoint checkpoint_ = Checkpoint::open(JANUS_TEST_DATA "/flow/models/" + GetParam());
  FlowNetworks networks_ = FlowNetworks::load(checkpoint_, *device_, WeightType::f32);
};

TEST_P(FlowGoldenTest, Understanding) {
  const std::vector<float> pixels = golden_.values<float>("pixels.0");
  const Weights root(checkpoint_, *device_, WeightType::f32);
  for (int64_t block = 0; block < networks_.config.vision.depth; ++block) {
    SiglipConfig cut = networks_.config.vision;
    cut.select_layer = block + 1;
    const Siglip tower = Siglip::load(root / FlowNames::kVisionTower, cut, kOriginalSiglip);
    expect_stage("vision.blocks." + std::to_string(block), tower(pixels));
  }
  expect_stage("vision.features", networks_.vision_tower(pixels));
  const Tensor embeddings = networks_.embed_images(pixels);
  EXPECT_EQ(embeddings.size(1), networks_.config.image_tokens());
  expect_stage("aligned", embeddings);
}

TEST_P(FlowGoldenTest, TwoImagesAreEachWhatTheyAreAlone) {
  std::vector<float> both = golden_.values<float>("pixels.0");
  const std::vector<float> second = golden_.values<float>("pixels.1");
  const std::vector<float> alone[] = {ops::to_host(networks_.embed_images(both)),
                                      ops::to_host(networks_.embed_images(second))};
  both.insert(both.end(), second.begin(), second.end());
  const std::vector<float> found = ops::to_host(networks_.embed_images(both));
  std::vector<float> expected = alone[0];
  expected.insert(expected.end(), alone[1].begin(), alone[1].end());
  EXPECT_EQ(found, expected);
}

TEST_P(FlowGoldenTest, TextLogits) {
  const auto begin_image = golden_.json().at("begin_image").get<int32_t>(),
             placeholder = golden_.json().at("placeholder").get<int32_t>();
  auto ids = golden_.list<int32_t>("question_ids");
  const auto answer = golden_.list<int32_t>("answer_ids");
  ids.insert(ids.end(), answer.begin(), answer.end());
  // The image's embeddings lie over begin-of-image and the placeholders.
  const auto first = std::find(ids.begin(), ids.end(), begin_image) - ids.begin();
  std::replace(ids.begin(), ids.end(), placeholder, 0);
  const Tensor x = networks_.language_model.embed(ids);
  const Tensor embeddings = networks_.embed_images(golden_.values<float>("pixels.0"));
  ops::copy(embeddings.reshape({embeddings.size(1), embeddings.size(2)}), x.rows(first, embeddings.size(1)));
  const auto count = static_cast<int64_t>(answer.size());
  const Tensor hidden = forward(x);
  const Tensor logits = networks_.lm_head(hidden.rows(hidden.size(0) - count - 1, count));
  expect_stage("text.logits", logits, {5e-4, 1e-4, 2e-5});
}

TEST_P(FlowGoldenTest, EncoderOfTheLatent) {
  const auto t = golden_.json().at("time").get<float>();
  expect_stage("flow.time_features", time_features(t, networks_.config.uvit.channels),
               golden_.values<float>("flow.time_features"), {1e-5, 0, 1e-5});
  const Tensor embedded = networks_.encoder.time_embed(t);
  expect_stage("flow.t_emb", embedded);
  const Tensor time = silu(embedded);
  const Tensor noise = image("flow.noise");
  EXPECT_EQ(noise.size(1), networks_.config.latent_side());
  UvitEncoder cut = networks_.encoder;
  cut.blocks.clear();
  expect_image("flow.in_conv", ops::to_host(cut(noise, {})));
  for (size_t block = 0; block < networks_.encoder.blocks.size(); ++block) {
    cut.blocks.push_back(networks_.encoder.blocks[block]);
    expect_image("flow.encoder." + std::to_string(block),
                 ops::to_host(cut(noise, modulations(cut.blocks, time))));
  }
  expect_stage("flow.aligned", networks_.latent_embeddings(encoded(noise, time)));
}

TEST_P(FlowGoldenTest, DecoderBetweenTheTwo) {
  const auto t = golden_.json().at("time").get<float>();
  const Tensor embedded = networks_.encoder.time_embed(t);
  const Tensor tokens = networks_.latent_embeddings(encoded(image("flow.noise"), silu(embedded)));
  auto ids = golden_.list<int32_t>("prompt_ids");
  ids.pop_back();  // the time stands in the last one's place
  const std::vector<Tensor> parts{networks_.language_model.embed(ids), embedded,
                                  tokens.reshape({tokens.size(1), tokens.size(2)})};
  const Tensor hidden = forward(ops::concatenate(parts));
  expect_stage("flow.hidden.conditional", hidden.rows(hidden.size(0) - tokens.size(1), tokens.size(1)),
               kDecoder);
}

TEST_P(FlowGoldenTest, DecoderOfTheLatent) {
  const auto t = golden_.json().at("time").get<float>();
  const Tensor time = silu(networks_.encoder.time_embed(t));
  const Tensor skip = encoded(image("flow.noise"), time);
  const int64_t tokens = golden_.shape("flow.hidden.conditional")[0],
                width = golden_.shape("flow.hidden.conditional")[1];
  std::vector<float> hidden = golden_.values<float>("flow.hidden.conditional");
  const std::vector<float> other = golden_.values<float>("flow.hidden.unconditional");
  hidden.insert(hidden.end(), other.begin(), other.end());
  const Tensor both = ops::from_host(*device_, hidden, {2, tokens, width});
  const Tensor x = networks_.vision_gen_dec_aligner(networks_.vision_gen_dec_aligner_norm(both));
  expect_stage("flow.decoder_input", x.rows(0, 1));

  Tensor h = side_by_side(
      networks_.decoder.input_norm(x.rows(0, 1).reshape({1, skip.size(1), skip.size(2), skip.size(3)})),
      skip);
  for (size_t block = 0; block < networks_.decoder.blocks.size(); ++block) {
    h = networks_.decoder.blocks[block](h, networks_.decoder.blocks[block].modulation(time));
    expect_image("flow.decoder." + std::to_string(block), ops::to_host(h));
  }
  const std::vector<float> velocity =
      networks_.velocity(both, skip, modulations(networks_.decoder.blocks, time));
  const size_t half = velocity.size() / 2;
  const std::vector<float> conditional(velocity.begin(), velocity.begin() + half);
  expect_image("flow.velocity.conditional", conditional, kDecoder);
  expect_image("flow.velocity.unconditional", {velocity.begin() + half, velocity.end()}, kDecoder);
}

INSTANTIATE_TEST_SUITE_P(All, FlowGoldenTest, testing::Values("plain", "untagged", "wide"));

// What loading says of a config.json with other values.
class ChangedFlow : public testing::Test {
 protected:
  void expect_refused(const nlohmann::json& changes, const std::string& part) const {
    const Checkpoint stored = Checkpoint::open(JANUS_TEST_DATA "/flow/models/plain");
    nlohmann::json config = stored.config();
    config.merge_patch(changes);
    const Checkpoint changed = Checkpoint::from_tensors(stored.files(), config, stored.tensors());
    const std::shared_ptr<Device> device = oracle::test_device({.threads = 1});
    try {
      FlowNetworks::load(changed, *device, WeightType::native);
      ADD_FAILURE() << changes << ": expected an error that says " << part;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  static nlohmann::json params(const char* key, const nlohmann::json& changes) {
    return {{key, {{"params", changes}}}};
  }
};

TEST_F(ChangedFlow, IsRecognisedByItsConfig) {
  const Checkpoint stored = Checkpoint::open(JANUS_TEST_DATA "/flow/models/plain");
  EXPECT_TRUE(is_janusflow(stored.config()));
  EXPECT_FALSE(is_janusflow(Checkpoint::open(JANUS_TEST_DATA "/models/original-pro").config()));
  EXPECT_FALSE(is_janusflow(Checkpoint::open(JANUS_TEST_DATA "/models/tied-mixed").config()));
}

TEST_F(ChangedFlow, RefusesWhatTheTensorsDoNotHave) {
  const char* encoder = "vision_gen_enc_config";
  const char* decoder = "vision_gen_dec_config";
  expect_refused(params(encoder, {{"kernel_size", 3}}), "kernel_size: expected 2");
  expect_refused(params(encoder, {{"stride", 1}}), "stride: expected 2");
  expect_refused(params(encoder, {{"padding", 1}}), "padding: expected 0");
  expect_refused(params(encoder, {{"input_channels", 16}}), "input_channels: expected 4");
  expect_refused(params(encoder, {{"block_out_channels", {20, 20}}}), "block_out_channels: expected [20]");
  expect_refused(params(encoder, {{"layers_in_middle", 3}}), "layers_in_middle: expected 2");
  expect_refused(params(encoder, {{"hidden_size", 2048}}), "hidden_size: expected 48");
  expect_refused(params(encoder, {{"use_mid_block", false}}), "use_mid_block: expected true");
  expect_refused(params(decoder, {{"upsamples", 2}}), "upsamples: expected 1");
  expect_refused(params(decoder, {{"in_channels", 24}}), "in_channels: expected 20");
  expect_refused(params(decoder, {{"norm_eps", 0}}), "norm_eps: expected");
  expect_refused(params("vision_und_enc_config", {{"image_size", 384}}), "image_size: expected 24");
  expect_refused({{decoder, {{"cls", "UNet"}}}}, "cls: expected");
  expect_refused({{"language_config", {{"hidden_size", 96}}}}, "hidden_size of language_config");
}

}  // namespace
}  // namespace janus
