// The need that is told before loading, against what loading and running then allocate.
#include "generator/memory_need.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/cpu/cpu_device.h"
#include "generator/conversation.h"
#include "generator/prompt.h"
#include "tests/support/counting_device.h"

namespace janus {
namespace {

struct Case {
  const char* model;
  WeightType type;
};

class MemoryNeedTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    checkpoint_ = Checkpoint::open(std::string(JANUS_TEST_DATA) + "/models/" + GetParam().model);
    for (const auto& [name, tensor] : checkpoint_.tensors()) {
      largest_ = std::max(largest_, tensor.shape.elements() * int64_t{sizeof(float)});
    }
  }

  MemoryNeed need(const Work& work) const {
    return memory_need(checkpoint_, "cpu", {.type = GetParam().type}, work);
  }
  void open() { model_ = open_model(checkpoint_, device_, {.type = GetParam().type}); }

  // Never less than was allocated, and no more than a kernel's copy of its filters above it.
  void expect_close(const MemoryNeed& told, int64_t before) const {
    const int64_t allocated = device_->peak() - before;
    EXPECT_GE(told.cache_bytes + told.scratch_bytes, allocated);
    EXPECT_LE(told.cache_bytes + told.scratch_bytes, allocated + largest_);
  }

  Checkpoint checkpoint_;
  int64_t largest_ = 0;
  using CountingDevice = oracle::CountingDevice<cpu::CpuDevice>;
  std::shared_ptr<CountingDevice> device_ =
      std::make_shared<CountingDevice>([](size_t bytes) { return bytes; }, /*threads=*/1);
  std::unique_ptr<Model> model_;
};

TEST_P(MemoryNeedTest, WeightsAreWhatLoadingHolds) {
  const MemoryNeed told = need({});
  open();
  EXPECT_EQ(told.held_bytes, device_->live());
  EXPECT_EQ(told.cache_bytes, 0);
  EXPECT_EQ(told.scratch_bytes, 0);
  int64_t stored = 0;
  for (const auto& [name, tensor] : checkpoint_.tensors())
    stored += static_cast<int64_t>(tensor.data.bytes.size());
  EXPECT_LE(told.mapped_bytes, stored);
  EXPECT_GE(told.weights_bytes(), stored / 3) << "nothing is forgotten";
  if (GetParam().type == WeightType::native) {
    EXPECT_GE(told.mapped_bytes, stored / 2);
  }
}

TEST_P(MemoryNeedTest, GenerationTakesWhatWasTold) {
  constexpr int kTokens = 9;
  const MemoryNeed one = need({.prompt_tokens = kTokens, .generated_images = 1});
  const MemoryNeed three = need({.prompt_tokens = kTokens, .generated_images = 3});
  const MemoryNeed many = need({.prompt_tokens = kTokens, .generated_images = 100});
  EXPECT_EQ(three.cache_bytes, 3 * one.cache_bytes);
  EXPECT_EQ(many.cache_bytes, device_->traits().batch_rows / 2 * one.cache_bytes) << "so many at a time";
  open();
  const int64_t before = device_->live();
  device_->restart_peak();
  GenerateOptions options;
  options.count = 3;
  options.prompt_ids.assign(kTokens, 3);
  model_->generate(options, {});
  expect_close(three, before);
}

TEST_P(MemoryNeedTest, DescribingTakesWhatWasTold) {
  constexpr int kAnswer = 20;
  open();
  const int64_t before = device_->live();
  const Image image{.width = 30, .height = 20, .pixels = std::vector<uint8_t>(3 * 30 * 20, 9)};
  const DescribeOptions options{.max_tokens = kAnswer};
  const TextTokenizer& tokenizer = model_->tokenizer();
  const int64_t places = model_->info().image_tokens;
  const auto ids = understanding_prompt(tokenizer, find_special_ids(tokenizer), options.prompt, 1, places);
  const int64_t words = static_cast<int64_t>(ids.size()) - places;
  const MemoryNeed told = need({.prompt_tokens = words, .prompt_images = 1, .new_tokens = kAnswer});
  device_->restart_peak();
  model_->describe({&image, 1}, options);
  expect_close(told, before);
  const MemoryNeed longer = need({.prompt_tokens = words, .prompt_images = 1, .new_tokens = 2 * kAnswer});
  const int64_t capacity = words + places + kAnswer;
  EXPECT_EQ((longer.cache_bytes - told.cache_bytes) * capacity, told.cache_bytes * kAnswer);
}

TEST_P(MemoryNeedTest, ImagesAndCodesTakeWhatWasTold) {
  const MemoryNeed decoding = need({.decodes = true}), encoding = need({.encodes = true});
  open();
  const int64_t before = device_->live();
  const ModelInfo& info = model_->info();
  ImageCodes codes{.height = info.codes_height, .width = info.codes_width, .codes = {}};
  codes.codes.resize(static_cast<size_t>(codes.height) * codes.width);
  device_->restart_peak();
  model_->need_image_coder().decode(codes);
  expect_close(decoding, before);
  device_->restart_peak();
  Image image{.width = 30, .height = 20, .pixels = std::vector<uint8_t>(3 * 30 * 20, 9)};
  model_->need_image_coder().encode(image);
  expect_close(encoding, before);
}

TEST_P(MemoryNeedTest, AConversationStandsBesideWhatIsDoneInIt) {
  const Work work{
      .prompt_tokens = 128, .prompt_images = 1, .new_tokens = 1, .generated_images = 1};  // more than asked
  Work conversing = work;
  conversing.converses = true;
  const MemoryNeed told = need(conversing);
  open();
  const int64_t before = device_->live();
  device_->restart_peak();
  Engine engine(*model_);
  Conversation conversation(engine);
  const Image image{.width = 30, .height = 20, .pixels = std::vector<uint8_t>(3 * 30 * 20, 9)};
  conversation.ask({&image, 1}, {.prompt = "What?", .max_tokens = 9}, nullptr, nullptr);
  const int64_t kept = told.cache_bytes - need(work).cache_bytes;
  EXPECT_GT(kept, 0);
  EXPECT_GE(device_->live() - before, kept) << "the conversation's keys and values stay";
  engine.generate({.prompt_ids = std::vector<int32_t>(9, 3)});
  EXPECT_GE(told.cache_bytes + told.scratch_bytes, device_->peak() - before);
}

INSTANTIATE_TEST_SUITE_P(
    All, MemoryNeedTest,
    testing::Values(Case{"tied-mixed", WeightType::native}, Case{"tied-mixed", WeightType::f32},
                    Case{"grouped-query", WeightType::native}, Case{"grouped-query", WeightType::bf16},
                    Case{"original-pro", WeightType::native}, Case{"original-pro", WeightType::f16},
                    Case{"original-1.3b", WeightType::f32}));

}  // namespace
}  // namespace janus
