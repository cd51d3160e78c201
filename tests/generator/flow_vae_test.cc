// The autoencoder of a JanusFlow model: in its real size, the memory that it takes, and finding it late.
#include "generator/janusflow/flow_vae.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/cpu/cpu_device.h"
#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"
#include "generator/memory_need.h"
#include "tests/core/model_files.h"
#include "tests/support/counting_device.h"
#include "tests/support/random_tensors.h"

namespace janus {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::expect_error;

constexpr int64_t kSdxlParameters = 83'653'863;  // as published

TEST(SdxlVae, HasItsParametersAndBoundedMemory) {
  const Checkpoint checkpoint = test::random_tensors(test::ReleasedShapes::of_vae(), test::sdxl_vae_config());
  const std::unique_ptr<DryDevice> dry = open_dry_device("cpu");
  const Vae vae = Vae::load(checkpoint, *dry);
  EXPECT_TRUE(checkpoint.take_notes().empty());
  int64_t parameters = 0;
  for (const auto& [name, use] : checkpoint.read()) parameters += checkpoint.find(name).shape.elements();
  EXPECT_EQ(parameters, kSdxlParameters);

  constexpr int64_t kLargest = 256LL * 384 * 384 * 4;  // bytes of the largest activation
  const auto loaded = static_cast<int64_t>(dry->live_bytes());
  dry->restart_peak();
  vae.decode(std::vector<float>(4 * 48 * 48), 48, 48);
  EXPECT_LE(static_cast<int64_t>(dry->peak_bytes()) - loaded, 3 * kLargest);
  dry->restart_peak();
  vae.encode(ops::from_host(*dry, std::vector<float>(3 * 384 * 384), {1, 384, 384, 3}));
  EXPECT_LE(static_cast<int64_t>(dry->peak_bytes()) - loaded, 3 * kLargest);
}

TEST(SdxlVae, AnOldScalingFactorIsWarnedOfOnce) {
  const Checkpoint checkpoint =
      test::random_tensors(test::ReleasedShapes::of_vae(), test::sdxl_vae_config(0.18215));
  const std::unique_ptr<DryDevice> dry = open_dry_device("cpu");
  Vae::load(checkpoint, *dry);
  Vae::load(checkpoint, *dry);
  const std::vector<std::string> notes = checkpoint.take_notes();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("0.18215 is that of autoencoders before SDXL's (0.13025)"), std::string::npos);
}

class FlowVaeTest : public testing::Test {
 protected:
  FlowVaeTest() {
    fs::copy(JANUS_TEST_DATA "/flow/models/plain", path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  const std::string& path() const { return folder_.path(); }

  test::TemporaryFolder folder_;
};

TEST_F(FlowVaeTest, IsLookedForAnewWhereItWasNotFound) {
  fs::rename(path() + "/vae", path() + "/away");
  const auto model =
      open_model(Checkpoint::open(path()), open_device("cpu", {.threads = 1}), {.type = WeightType::f32});
  const LatentCoder& coder = model->need_latent_coder();
  const ModelInfo& info = model->info();
  const int64_t channels = info.latent_channels, side = info.latent_side;
  const Array latent{.shape = {channels, side, side},
                     .values = std::vector<float>(static_cast<size_t>(channels * side * side), 0.5F)};
  EXPECT_FALSE(coder.find_vae().has_value());
  expect_error(error_of([&] { coder.decode(latent); }), {path() + "/vae", "stabilityai/sdxl-vae"});
  fs::rename(path() + "/away", path() + "/vae");
  EXPECT_EQ(coder.decode(latent).shape, (std::vector<int64_t>{info.image_size, info.image_size, 3}));
  expect_error(error_of([&] { model->need_image_coder(); }), {"janusflow", "latents"});
}

TEST_F(FlowVaeTest, TakesTheMemoryThatWasTold) {
  using CountingDevice = oracle::CountingDevice<cpu::CpuDevice>;
  const auto device = std::make_shared<CountingDevice>([](size_t bytes) { return bytes; }, /*threads=*/1);
  const Checkpoint checkpoint = Checkpoint::open(path());
  PartTypes types(WeightType::f32);
  const auto model = open_model(checkpoint, device, {.type = types});
  const MemoryNeed bare = memory_need(checkpoint, "cpu", {.type = types}, {});
  EXPECT_EQ(bare.held_bytes, device->live());
  const MemoryNeed told = memory_need(checkpoint, "cpu", {.type = types}, {.decodes = true});
  const ModelInfo& info = model->info();
  const int64_t channels = info.latent_channels, side = info.latent_side;
  const Array latent{.shape = {channels, side, side},
                     .values = std::vector<float>(static_cast<size_t>(channels * side * side), 0.5F)};
  model->need_latent_coder().decode(latent);
  EXPECT_EQ(told.held_bytes, device->live());
  const int64_t before = device->live();
  device->restart_peak();
  model->need_latent_coder().decode(latent);
  EXPECT_GE(told.scratch_bytes, device->peak() - before);
  EXPECT_LE(told.scratch_bytes, 2 * (device->peak() - before));
}

}  // namespace
}  // namespace janus
