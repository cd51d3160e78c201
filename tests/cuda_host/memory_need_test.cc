// The need that is told for a GPU, against what the emulated one then allocates: constants of kernels and of
// CudaDryDevice cannot drift apart.
#include "generator/memory_need.h"

#include <gtest/gtest.h>

#include "core/cuda/cuda_device.h"
#include "core/cuda/pooled_size.h"
#include "tests/support/counting_device.h"

namespace janus {
namespace {

class GpuMemoryNeed : public testing::TestWithParam<WeightType> {
 protected:
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

  const Checkpoint checkpoint_ = Checkpoint::open(JANUS_TEST_DATA "/models/grouped-query");
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

INSTANTIATE_TEST_SUITE_P(Types, GpuMemoryNeed,
                         testing::Values(WeightType::f32, WeightType::bf16, WeightType::f16),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace janus
