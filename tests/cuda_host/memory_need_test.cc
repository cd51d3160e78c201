// The need that is told for a GPU, against what the emulated one then allocates: constants of kernels and of
// CudaDryDevice cannot drift apart.
#include "generator/memory_need.h"

#include <gtest/gtest.h>

#include "core/cuda/cuda_device.h"
#include "core/cuda/pooled_size.h"
#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"
#include "tests/support/counting_device.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

class GpuMemoryNeed : public testing::TestWithParam<WeightType> {
 protected:
  explicit GpuMemoryNeed(const std::string& model = "/models/grouped-query")
      : checkpoint_(Checkpoint::open(JANUS_TEST_DATA + model)) {}
  MemoryNeed need(const Work& work) const {
    return memory_need(checkpoint_, "cuda", {.type = GetParam()}, work);
  }
  void open() {
    model_ = open_model(checkpoint_, device_, {.type = GetParam()});
    before_ = device_->live();
    device_->restart_peak();
  }
  // Never less than was allocated, and at most a hundredth more.
  void expect_close(const MemoryNeed& told) const {
    const int64_t allocated = device_->peak() - before_, all = told.cache_bytes + told.scratch_bytes;
    EXPECT_GE(all, allocated);
    EXPECT_LE(all, allocated + allocated / 100);
  }

  const Checkpoint checkpoint_;
  using CountingDevice = oracle::CountingDevice<cuda::CudaDevice>;
  std::shared_ptr<CountingDevice> device_ = std::make_shared<CountingDevice>(cuda::pooled_size, /*index=*/0);
  std::unique_ptr<Model> model_;
  int64_t before_ = 0;
  static inline const std::vector<int32_t> kIds = std::vector<int32_t>(9, 3);
};

TEST_P(GpuMemoryNeed, WeightsAreWhatLoadingHolds) {
  open();
  EXPECT_EQ(need({}).held_bytes, before_);
}

TEST_P(GpuMemoryNeed, GenerationTakesWhatWasTold) {
  const MemoryNeed told = need({.prompt_tokens = 9, .generated_images = 3});
  open();
  model_->generate({.prompt_ids = kIds, .count = 3, .sampling = {}}, {});
  expect_close(told);
}

TEST_P(GpuMemoryNeed, AnAnswerTakesWhatWasTold) {
  const MemoryNeed told = need({.prompt_tokens = 9, .prompt_images = 0, .new_tokens = 12});
  open();
  model_->describe({}, {.prompt_ids = kIds, .max_tokens = 12, .sampling = {}});
  expect_close(told);
}

TEST_P(GpuMemoryNeed, ImagesAndCodesTakeWhatWasTold) {
  const MemoryNeed decoding = need({.decodes = true}), encoding = need({.encodes = true});
  open();
  const ModelInfo& info = model_->info();
  ImageCodes codes{.height = info.codes_height, .width = info.codes_width, .codes = {}};
  codes.codes.resize(static_cast<size_t>(codes.height) * codes.width);
  model_->need_image_coder().decode(codes);
  expect_close(decoding);
  device_->restart_peak();
  model_->need_image_coder().encode(
      {.width = 30, .height = 20, .pixels = std::vector<uint8_t>(3 * 30 * 20, 9)});
  expect_close(encoding);
}

// JanusFlow, whose autoencoder is loaded when it is needed.
class GpuFlowMemoryNeed : public GpuMemoryNeed {
 protected:
  GpuFlowMemoryNeed() : GpuMemoryNeed("/flow/models/plain") {}
  void expect_close(const MemoryNeed& told) const {
    EXPECT_GE(told.own_bytes(), device_->peak());
    EXPECT_LE(told.own_bytes(), device_->peak() + device_->peak() / 100);
  }
};

TEST_P(GpuFlowMemoryNeed, DrawingTakesWhatWasTold) {
  for (const int images : {1, 3}) {
    const MemoryNeed told = need({.prompt_tokens = 9, .generated_images = images, .images_at_once = images});
    open();
    test::generate(*model_, {.prompt_ids = kIds, .count = images, .steps = 1});
    expect_close(told);
    model_.reset();
  }
}

TEST_P(GpuFlowMemoryNeed, LatentsTakeWhatWasTold) {
  const MemoryNeed decoding = need({.decodes = true}), encoding = need({.encodes = true});
  open();
  const ModelInfo& info = model_->info();
  Array latent{.shape = {info.latent_channels, info.latent_side, info.latent_side}, .values = {}};
  latent.values.resize(static_cast<size_t>(info.latent_channels) * info.latent_side * info.latent_side);
  model_->need_latent_coder().decode(latent);
  expect_close(decoding);
  device_->restart_peak();
  model_->need_latent_coder().encode(
      {.width = 30, .height = 20, .pixels = std::vector<uint8_t>(3 * 30 * 20, 9)});
  expect_close(encoding);
}

// What an operation takes beside its operands may lie below a model's peak.
TEST(GpuScratch, OfConvNextOperationsIsCounted) {
  const auto taken = [](auto& device, const auto& live, const auto& peak) {
    const auto zeros = [&](Shape shape) {
      return ops::from_host(device, std::vector<float>(static_cast<size_t>(shape.elements())), shape);
    };
    constexpr int64_t kChannels = 520;
    const Tensor x = zeros({2, 24, 24, kChannels}), vector = zeros({kChannels});
    const Tensor weight = ops::convert(zeros({kChannels, 1, 7, 7}), DType::bf16);
    std::vector<int64_t> bytes;
    const auto measure = [&](const auto& run) {
      device.restart_peak();
      const auto before = static_cast<int64_t>(live());
      run();
      bytes.push_back(static_cast<int64_t>(peak()) - before);
    };
    measure([&] { ops::depthwise_conv2d(x, weight, vector, {1, 3, 3, 3, 3}); });
    measure([&] { ops::global_response_norm(x, vector, vector, 1e-6F); });
    measure([&] { ops::scale_shift(x, vector, vector); });
    return bytes;
  };
  oracle::CountingDevice<cuda::CudaDevice> gpu(cuda::pooled_size, /*index=*/0);
  const std::unique_ptr<DryDevice> dry = open_dry_device("cuda");
  const std::vector<int64_t> told = taken(
      *dry, [&] { return dry->live_bytes(); }, [&] { return dry->peak_bytes(); });
  EXPECT_EQ(told, taken(
                      gpu, [&] { return gpu.live(); }, [&] { return gpu.peak(); }));
}

constexpr auto kTypeName = [](const auto& test) { return std::string(name_of(test.param)); };
INSTANTIATE_TEST_SUITE_P(Types, GpuMemoryNeed,
                         testing::Values(WeightType::f32, WeightType::bf16, WeightType::f16), kTypeName);
INSTANTIATE_TEST_SUITE_P(Types, GpuFlowMemoryNeed,
                         testing::Values(WeightType::f32, WeightType::bf16, WeightType::f16), kTypeName);

}  // namespace
}  // namespace janus
