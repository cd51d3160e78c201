// Sampling on the device by itself against single steps of operations, logits on the host and
// core/nn/sampler.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/nn/sampler.h"
#include "core/nn/transformer.h"
#include "tests/support/oracle.h"

namespace janus {
namespace {

constexpr int64_t kVocabulary = 300, kBetween = 40;

struct Sequence {
  int32_t row, other_row;  // of the cache; -1: none
  DeviceDecodeItem item;
  int64_t prompt;  // tokens
  int64_t other_prompt;
};

class DecodingTest : public testing::TestWithParam<WeightType> {
 protected:
  void SetUp() override {
    if (!device_->supports_device_decoding()) GTEST_SKIP() << "this device leaves drawing to the host";
    // Block weights want rows of a multiple of 256.
    const Checkpoint checkpoint =
        Checkpoint::open(GetParam() == WeightType::bf16 ? JANUS_TEST_DATA "/models/grouped-query"
                                                        : JANUS_SOURCE_DIR "/samples/janus-tiny/model");
    TransformerConfig config = TransformerConfig::from_json(checkpoint.config()["text_config"], "config");
    config.num_hidden_layers = 2;
    model_ = Transformer::load(Weights(checkpoint, *device_, GetParam()) / "model.language_model", config);
    const int64_t width = model_.config().hidden_size;
    table_ = oracle::random_tensor(*device_, {kVocabulary, width}, 1, DType::bf16);
    head_ = {{oracle::random_tensor(*device_, {kBetween, width}, 2, DType::bf16, 0.1F),
              oracle::random_tensor(*device_, {kBetween}, 3)},
             {oracle::random_tensor(*device_, {kVocabulary, kBetween}, 4, DType::f16, 0.5F),
              oracle::random_tensor(*device_, {kVocabulary}, 5)}};
  }

  // A cache whose rows hold the sequences' prompts.
  KvCache read_prompts(const std::vector<Sequence>& sequences, int64_t samples) const {
    int32_t last = 0;
    for (const Sequence& sequence : sequences) {
      last = std::max({last, sequence.row, sequence.other_row});
    }
    KvCache cache(*device_, model_.config(), last + 1, 70 + samples, DType::bf16);
    for (const Sequence& sequence : sequences) {
      for (const auto& [row, tokens] :
           {std::pair(sequence.row, sequence.prompt), std::pair(sequence.other_row, sequence.other_prompt)}) {
        if (row < 0) continue;
        const Shape shape{1, tokens, model_.config().hidden_size};
        model_.forward(oracle::random_tensor(*device_, shape, static_cast<uint32_t>(10 + row)), cache,
                       {&row, 1});
      }
    }
    return cache;
  }

  std::vector<int32_t> sample_on_device(const std::vector<Sequence>& sequences, int64_t samples) const {
    const KvCache cache = read_prompts(sequences, samples);
    std::optional<DeviceDecodePlan> plan = model_.device_decode_plan(cache);
    plan->table = table_;
    plan->head = head_;
    for (const Sequence& sequence : sequences) {
      DeviceDecodeItem item = sequence.item;
      item.start = cache.start(sequence.row);
      if (sequence.other_row >= 0) item.other_start = cache.start(sequence.other_row);
      item.length = static_cast<int32_t>(sequence.prompt);
      item.other_length = static_cast<int32_t>(sequence.other_prompt);
      plan->items.push_back(item);
    }
    plan->samples = samples;
    const std::unique_ptr<DeviceDecodeRun> decoding = begin_device_decode(*device_, *plan);
    EXPECT_NE(decoding, nullptr);
    std::vector<int32_t> ids;
    for (int64_t i = 0; decoding && i < samples; ++i) {
      const std::span<const int32_t> sampled = decoding->next();
      ids.insert(ids.end(), sampled.begin(), sampled.end());
    }
    return ids;
  }

  std::vector<int32_t> sample_by_steps(const std::vector<Sequence>& sequences, int64_t samples) const {
    KvCache cache = read_prompts(sequences, samples);
    std::vector<int32_t> rows, last, ids;
    for (const Sequence& sequence : sequences) {
      rows.push_back(sequence.row);
      if (sequence.other_row >= 0) rows.push_back(sequence.other_row);
      last.push_back(sequence.item.id);
    }
    for (int64_t i = 0; i < samples; ++i) {
      std::vector<int32_t> read;
      for (size_t s = 0; s < sequences.size(); ++s)
        read.insert(read.end(), sequences[s].other_row >= 0 ? 2 : 1, last[s]);
      const Tensor x = ops::embedding(table_, read);
      const Tensor hidden = model_.forward(x.reshape({x.size(0), 1, x.size(1)}), cache, rows);
      const Tensor between = ops::gelu_erf(ops::linear(hidden, head_[0].weight, head_[0].bias));
      const std::vector<float> logits = ops::to_host(ops::linear(between, head_[1].weight, head_[1].bias));
      auto line = std::span<const float>(logits);
      for (size_t s = 0; s < sequences.size(); ++s) {
        const DeviceDecodeItem& item = sequences[s].item;
        std::vector<float> guided(line.begin(), line.begin() + kVocabulary);
        line = line.subspan(kVocabulary);
        if (sequences[s].other_row >= 0) {
          guided = guide(guided, line.first(kVocabulary), item.guidance);
          line = line.subspan(kVocabulary);
        }
        last[s] = sample(guided, item.sampling, NoiseStream::codes, static_cast<uint32_t>(i) + 1);
        ids.push_back(last[s]);
      }
    }
    return ids;
  }

  std::shared_ptr<Device> device_ = oracle::test_device();
  Transformer model_;
  Tensor table_;
  std::vector<DeviceDecodeHead> head_;
};

// other_prompt: 0 = as long as the prompt.
Sequence sequence(int32_t row, int32_t other_row, SamplingOptions sampling, int64_t prompt,
                  int64_t other_prompt = 0) {
  const DeviceDecodeItem item{.id = row + 3, .step = 1, .guidance = 3.5F, .sampling = sampling};
  return {row, other_row, item, prompt, other_prompt == 0 ? prompt : other_prompt};
}

TEST_P(DecodingTest, SamplesWhatStepsSample) {
  const std::vector<Sequence> sequences{sequence(0, 4, {.seed = 7}, 9),
                                        sequence(3, -1, {.seed = 4000000000U}, 60)};
  EXPECT_EQ(sample_on_device(sequences, 8), sample_by_steps(sequences, 8));
}

TEST_P(DecodingTest, BothPromptsOfAnImageHaveTheirOwnLength) {
  const std::vector<Sequence> sequences{sequence(0, 4, {.seed = 7}, 9, 31),
                                        sequence(3, 1, {.seed = 8}, 60, 2)};
  EXPECT_EQ(sample_on_device(sequences, 8), sample_by_steps(sequences, 8));
}

TEST_P(DecodingTest, SamplesFiltered) {
  const std::vector<Sequence> sequences{sequence(1, 2, {.top_k = 5}, 5),
                                        sequence(5, -1, {.temperature = 0.7F, .top_p = 0.6F}, 3),
                                        sequence(6, -1, {.temperature = 1.3F, .top_k = 40, .top_p = 0.9F}, 4),
                                        sequence(7, -1, {.temperature = 0.0F}, 2)};
  EXPECT_EQ(sample_on_device(sequences, 5), sample_by_steps(sequences, 5));
}

TEST_P(DecodingTest, SamplesForManyRows) {
  for (const int32_t count : {40, 70}) {
    std::vector<Sequence> sequences;
    for (int32_t row = 0; row < count; ++row) {
      const bool guided = row % 9 == 4 && row + 1 < count;
      sequences.push_back(
          sequence(row, guided ? row + 1 : -1, {.seed = static_cast<uint32_t>(row)}, row % 16 == 0 ? 3 : 1));
      if (guided) ++row;
    }
    EXPECT_EQ(sample_on_device(sequences, 2), sample_by_steps(sequences, 2)) << count;
  }
}

TEST_P(DecodingTest, ASequenceDoesNotDependOnTheOthers) {
  const std::vector<Sequence> both{sequence(0, 1, {.seed = 1}, 6), sequence(2, 3, {.seed = 2}, 11)};
  const std::vector<int32_t> together = sample_on_device(both, 4), alone = sample_on_device({both[1]}, 4);
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(together[2 * i + 1], alone[i]) << "draw " << i;
}

TEST_P(DecodingTest, LogitsThatAreNotFiniteEndTheirItemAlone) {
  if (GetParam() != WeightType::bf16) GTEST_SKIP() << "the same for all";
  for (const bool filtered : {false, true}) {
    SamplingOptions sampling{.seed = 3};
    if (filtered) sampling.top_k = 7;
    const std::vector<Sequence> good{sequence(0, 1, sampling, 6)};
    const std::vector<int32_t> expected = sample_on_device(good, 2);
    std::vector<Sequence> three{good[0], sequence(2, 3, sampling, 4), sequence(4, -1, sampling, 4)};
    for (size_t i = 1; i < 3; ++i) three[i].item.id = 290 + static_cast<int32_t>(i);
    std::vector<float> table = ops::to_host(ops::convert(table_, DType::f32));
    const auto width = static_cast<size_t>(table_.size(1));
    table[291 * width] = std::numeric_limits<float>::quiet_NaN();
    table[292 * width + 5] = std::numeric_limits<float>::infinity();
    const Tensor whole =
        std::exchange(table_, ops::convert(ops::from_host(*device_, table, table_.shape()), DType::bf16));
    const std::vector<int32_t> sampled = sample_on_device(three, 2);
    table_ = whole;
    EXPECT_EQ(sampled[0], expected[0]);
    EXPECT_EQ(sampled[3], expected[1]);
    for (const size_t i : {1U, 2U}) EXPECT_EQ(sampled[i], DeviceDecodeRun::kNotFinite) << i << filtered;
  }
}

// Every block format, of which two steps show all that differs.
class DecodingOfEveryType : public DecodingTest {};

TEST_P(DecodingOfEveryType, SamplesWhatStepsSample) {
  const std::vector<Sequence> one{sequence(0, 1, {.seed = 1}, 3)};
  EXPECT_EQ(sample_on_device(one, 2), sample_by_steps(one, 2));
}

const auto name_of_type = [](const auto& test) { return std::string(name_of(test.param)); };

INSTANTIATE_TEST_SUITE_P(Types, DecodingTest, testing::Values(WeightType::bf16, DType::q8_0, DType::q4_k),
                         name_of_type);
INSTANTIATE_TEST_SUITE_P(Types, DecodingOfEveryType,
                         testing::ValuesIn(std::vector<WeightType>(block_types().begin(),
                                                                   block_types().end())),
                         name_of_type);

}  // namespace
}  // namespace janus
