// The autoencoder against diffusers' in float32: three spellings of one, stage by stage, and what is refused.
#include "tokenizer/image/vae.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "tests/golden.h"
#include "tests/support/device_under_test.h"
#include "tokenizer/image/vae_files.h"

namespace janus {
namespace {

// Where activations are taken as two terms of bf16 they are rounded to 17 bits, not to 24.
test::Tolerance tolerance() { return {oracle::traits().splits_activations ? 2e-4 : 5e-5, 5e-5, 2e-5}; }

std::string stored(const std::string& spelling) { return JANUS_TEST_DATA "/flow/vae/" + spelling; }

class VaeTest : public testing::TestWithParam<std::string> {
 protected:
  Tensor from_planes(const std::string& stage) const {
    const Shape& shape = golden_.shape(stage);
    return ops::from_host(*device_, golden_.channels_last(stage), {1, shape[1], shape[2], shape[0]});
  }
  void expect_stage(const std::string& stage, std::span<const float> found) const {
    const std::vector<float> expected = golden_.channels_last(stage);
    EXPECT_EQ(test::departure<float>(found, expected, tolerance()), "") << stage;
  }
  void expect_stage(const std::string& stage, const Tensor& found) const {
    const std::vector<float> values = ops::to_host(found);
    expect_stage(stage, values);
  }

  test::Golden golden_{"vae", "flow/goldens"};
  std::shared_ptr<Device> device_ = oracle::test_device({.threads = 1});
  Checkpoint checkpoint_ = open_vae(stored(GetParam()));
  Weights root_{checkpoint_, *device_, WeightType::native};
  const VaeNames& names_ = vae_names(root_);
  VaeConfig config_ = VaeConfig::from_json(checkpoint_.config(), "config.json", root_, names_);
};

TEST_P(VaeTest, Decodes) {
  const Vae vae = Vae::load(checkpoint_, *device_);
  const Shape& shape = golden_.shape("vae.given_latent");
  int64_t blocks = 0;
  const Tensor image = vae.decode(golden_.channels_last("vae.given_latent"), shape[1], shape[2],
                                  [&](int64_t done, int64_t total) {
                                    EXPECT_EQ(done, ++blocks);
                                    EXPECT_EQ(total, 1 + 3 * 2);
                                  });
  EXPECT_EQ(blocks, 7);
  EXPECT_EQ(image.shape(), (Shape{1, 4 * shape[1], 4 * shape[2], 3}));
  expect_stage("vae.image", image);
}

TEST_P(VaeTest, Encodes) {
  const Vae vae = Vae::load(checkpoint_, *device_);
  expect_stage("vae.latent", vae.encode(from_planes("vae.pixels")));
}

TEST_P(VaeTest, HasTheStagesOfTheDecoder) {
  BlockStyle style = names_.style;
  style.groups = config_.groups;
  const Weights w = root_ / "decoder";
  Tensor h = from_planes("vae.decoder.post_quant_conv");
  h = same_conv3x3(Conv2d::load(w / "conv_in", config_.latent_channels, config_.level_channels.back(), 3), h);
  expect_stage("vae.decoder.conv_in", h);
  const int64_t channels = h.size(3);
  h = MidBlock::load(w / names_.mid_block1, w / names_.mid_attention, w / names_.mid_block2, channels,
                     style)(h);
  expect_stage("vae.decoder.mid", h);
  const auto count = static_cast<int64_t>(config_.level_channels.size());
  for (int64_t index = 0; index < count; ++index) {
    const int64_t size = count - 1 - index;
    const Weights level = w / names_.decoder_levels / (names_.decoder_from_largest ? size : index);
    for (int64_t block = 0; block <= config_.layers_per_block; ++block) {
      const int64_t out = config_.level_channels[size];
      h = ResBlock::load(level / names_.block / block, h.size(3), out, style)(h);
    }
    if (size > 0) h = Upsample::load(level / names_.upsample, h.size(3))(h);
    expect_stage("vae.decoder.up." + std::to_string(index), h);
  }
}

INSTANTIATE_TEST_SUITE_P(Spellings, VaeTest, testing::Values("diffusers", "old", "ldm"));

// A copy of the stored one whose config.json has other values.
class ChangedVae : public testing::Test {
 protected:
  ChangedVae() : folder_(testing::TempDir() + "janus_vae_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(stored("diffusers"), folder_);
    std::ifstream(folder_ + "/config.json") >> config_;
  }
  ~ChangedVae() override { std::filesystem::remove_all(folder_); }

  // What loading says: its error, or its notes.
  std::string load(const nlohmann::json& changes) const {
    nlohmann::json config = config_;
    config.merge_patch(changes);
    std::ofstream(folder_ + "/config.json") << config;
    const std::shared_ptr<Device> device = oracle::test_device({.threads = 1});
    const Checkpoint checkpoint = open_vae(folder_);
    try {
      Vae::load(checkpoint, *device);
    } catch (const Error& error) {
      return error.what();
    }
    std::string notes;
    for (const std::string& note : checkpoint.take_notes()) notes += note;
    return notes;
  }
  void expect_refused(const nlohmann::json& changes, const std::string& part) const {
    const std::string said = load(changes);
    EXPECT_NE(said.find(part), std::string::npos) << changes << ": " << said;
  }

  std::string folder_;
  nlohmann::json config_;
};

// Of SDXL's sizes alone: others have scaling factors of their own.
TEST(VaeConfig, KnowsAnOldScalingFactor) {
  const VaeConfig sdxl{
      .level_channels = {128, 256, 512, 512}, .layers_per_block = 2, .scaling_factor = 0.18215};
  EXPECT_TRUE(sdxl.has_old_scaling());
  VaeConfig other = sdxl;
  other.scaling_factor = 0.13025;
  EXPECT_FALSE(other.has_old_scaling());
  other = sdxl;
  other.level_channels = {32, 64};
  EXPECT_FALSE(other.has_old_scaling());
}

TEST_F(ChangedVae, TakesAnyScalingFactorOfOtherSizes) {
  EXPECT_EQ(load(nlohmann::json::object()), "");
  EXPECT_EQ(load({{"scaling_factor", 0.18215}}), "");
  EXPECT_EQ(load({{"scaling_factor", 0.3949}}), "");
}

TEST_F(ChangedVae, RefusesWhatTheTensorsDoNotHave) {
  expect_refused({{"block_out_channels", {8, 12}}}, "block_out_channels, their number: expected 3");
  expect_refused({{"block_out_channels", {8, 16, 12}}}, "of level 1: expected 12");
  expect_refused({{"block_out_channels", {8, 13, 12}}}, "multiples of norm_num_groups");
  expect_refused({{"layers_per_block", 2}}, "layers_per_block: expected 1");
  expect_refused({{"latent_channels", 16}}, "latent_channels: expected 4");
}

TEST_F(ChangedVae, RefusesOtherKinds) {
  expect_refused({{"_class_name", "VQModel"}}, "_class_name: expected");
  expect_refused({{"shift_factor", 0.1}}, "shift_factor: expected none");
  expect_refused({{"use_quant_conv", false}}, "use_quant_conv: expected true");
  expect_refused({{"act_fn", "relu"}}, "act_fn: expected");
  expect_refused({{"up_block_types", {"AttnUpDecoderBlock2D"}}}, "up_block_types: expected");
  expect_refused({{"scaling_factor", 0}}, "scaling_factor: expected a number above 0");
  expect_refused({{"scaling_factor", -1}}, "scaling_factor: expected a number above 0");
  expect_refused({{"scaling_factor", "0.13025"}}, "scaling_factor: expected");
}

TEST_F(ChangedVae, RefusesLatentsAndPicturesOfOtherSizes) {
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 1});
  const Vae vae = Vae::load(open_vae(folder_), *device);
  const std::vector<float> values(3 * 6 * 6);
  EXPECT_THROW(vae.decode(values, 6, 6), Error);
  EXPECT_THROW(vae.encode(ops::from_host(*device, values, {1, 6, 6, 3})), Error);
}

TEST(Vae, RefusesAnotherModel) {
  const std::shared_ptr<Device> device = oracle::test_device({.threads = 1});
  const Checkpoint checkpoint = open_vae(JANUS_TEST_DATA "/models/tied-mixed");
  EXPECT_THROW(Vae::load(checkpoint, *device), Error);
}

}  // namespace
}  // namespace janus
