#include "core/nn/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace janus {
namespace {

std::vector<float> random_logits(int count, uint32_t seed, float spread = 3.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, spread);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

// The rule of the documentation, word by word, with full sorts.
int32_t naive_sample(const std::vector<float>& logits, const SamplingOptions& options, uint32_t stream,
                     uint32_t step) {
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  const auto scaled = [&](int32_t id) { return static_cast<double>(logits[id]) / options.temperature; };
  if (options.top_k > 0 && options.top_k < static_cast<int>(ids.size())) ids.resize(options.top_k);
  if (options.top_p < 1.0F) {
    double sum = 0;
    for (int32_t id : ids) sum += std::exp(scaled(id) - scaled(ids[0]));
    double before = 0;
    size_t kept = 0;
    for (; kept < ids.size() && (kept == 0 || before / sum < static_cast<double>(options.top_p)); ++kept) {
      before += std::exp(scaled(ids[kept]) - scaled(ids[0]));
    }
    ids.resize(kept);
  }
  int32_t best = -1;
  double best_score = -INFINITY;
  for (int32_t id : ids) {
    const auto words = philox4x32_10({static_cast<uint32_t>(id) / 4, step, stream, 0}, {options.seed, 0});
    const double u = (static_cast<double>(words[id % 4]) + 0.5) / 4294967296.0;
    const double score = scaled(id) - std::log(-std::log(u));
    if (score > best_score) {
      best_score = score;
      best = id;
    }
  }
  return best;
}

TEST(Philox, GivesThePublishedKnownAnswers) {
  using Words = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32_10({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Sample, FollowsTheDocumentedRule) {
  for (uint32_t trial = 0; trial < 400; ++trial) {
    const int count = 1 + static_cast<int>(trial * 37 % 700);
    const std::vector<float> logits = random_logits(count, trial);
    const float temperatures[] = {0.1F, 0.7F, 1.0F, 2.5F};
    const float shares[] = {1.0F, 0.95F, 0.5F, 0.01F};
    const SamplingOptions options{.temperature = temperatures[trial % 4],
                                  .top_k = trial % 3 == 0 ? 0 : static_cast<int>(trial % 50) + 1,
                                  .top_p = shares[trial / 4 % 4],
                                  .seed = trial * 2654435761U};
    const auto stream = trial % 2 == 0 ? NoiseStream::codes : NoiseStream::text;
    EXPECT_EQ(sample(logits, options, stream, trial), naive_sample(logits, options, trial % 2, trial))
        << "trial " << trial;
  }
}

TEST(Sample, TemperatureZeroTakesTheLowestOfTheLargest) {
  const std::vector<float> logits{1.0F, 5.0F, 2.0F, 5.0F};
  EXPECT_EQ(sample(logits, {.temperature = 0.0F}, NoiseStream::codes, 3), 1);
}

TEST(Sample, TinyTemperatureIsGreedy) {
  const std::vector<float> logits = random_logits(1000, 5);
  const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  EXPECT_EQ(sample(logits, {.temperature = 1e-38F}, NoiseStream::codes, 0), best);
}

TEST(Sample, TopKOfOneIsGreedy) {
  const std::vector<float> logits = random_logits(1000, 6);
  const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  for (uint32_t step = 0; step < 20; ++step) {
    EXPECT_EQ(sample(logits, {.top_k = 1}, NoiseStream::text, step), best);
  }
}

TEST(Sample, FrequenciesAreTheSoftmax) {
  const std::vector<float> logits{0.0F, 1.0F, -1.0F, 2.0F, 0.5F};
  constexpr int kSamples = 40000;
  std::vector<int> counts(logits.size());
  for (uint32_t step = 0; step < kSamples; ++step) {
    ++counts[sample(logits, {.seed = 7}, NoiseStream::codes, step)];
  }
  double chi_square = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    const double expected = kSamples * std::exp(log_probability(logits, static_cast<int32_t>(id)));
    chi_square += (counts[id] - expected) * (counts[id] - expected) / expected;
  }
  EXPECT_LT(chi_square, 18.5);  // 4 degrees of freedom, p = 0.001; the samples are fixed
}

TEST(Sample, SeedStepAndStreamEachChangeTheNoise) {
  const std::vector<float> flat(16384, 0.0F);
  const int32_t base = sample(flat, {.seed = 1}, NoiseStream::codes, 0);
  EXPECT_EQ(sample(flat, {.seed = 1}, NoiseStream::codes, 0), base);
  EXPECT_NE(sample(flat, {.seed = 2}, NoiseStream::codes, 0), base);
  EXPECT_NE(sample(flat, {.seed = 1}, NoiseStream::codes, 1), base);
  EXPECT_NE(sample(flat, {.seed = 1}, NoiseStream::text, 0), base);
}

// As computed from the rule of the documentation, in Python.
TEST(LatentNoise, FollowsTheDocumentedRule) {
  const std::vector<float> noise = latent_noise(7, 6);
  const std::vector<float> expected{0.204942716F, -0.278564136F, 0.200858359F,
                                    1.34659524F,  0.0658154502F, 0.375573039F};
  ASSERT_EQ(noise.size(), expected.size());
  for (size_t i = 0; i < noise.size(); ++i) EXPECT_NEAR(noise[i], expected[i], 1e-6) << i;
}

TEST(LatentNoise, IsNormalAndEachSeedsOwn) {
  constexpr int64_t kCount = 200'001;
  const std::vector<float> noise = latent_noise(3, kCount);
  double sum = 0, squares = 0, within = 0;
  for (const float value : noise) {
    sum += value;
    squares += static_cast<double>(value) * value;
    within += std::abs(value) < 1 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1, 0.01);
  EXPECT_NEAR(within / kCount, 0.6827, 0.005);
  const std::vector<float> fewer = latent_noise(3, 5);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), noise.begin())) << "an element has its own noise";
  EXPECT_NE(latent_noise(4, 5), fewer);
}

TEST(Guide, MovesFromUnconditionalToConditionalAndBeyond) {
  const std::vector<float> conditional{1.0F, -2.0F}, unconditional{0.5F, 1.0F};
  EXPECT_EQ(guide(conditional, unconditional, 0.0F), unconditional);
  EXPECT_EQ(guide(conditional, unconditional, 5.0F), (std::vector<float>{3.0F, -14.0F}));
}

TEST(LogProbability, SumsToOneAndDoesNotOverflow) {
  const std::vector<float> logits{1000.0F, 999.0F, -1000.0F};
  double sum = 0;
  for (int32_t id = 0; id < 3; ++id) sum += std::exp(log_probability(logits, id));
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_NEAR(log_probability(logits, 0), -std::log1p(std::exp(-1.0)), 1e-12);
}

TEST(TopLogProbabilities, AreThoseOfTheLargestInOrder) {
  const std::vector<float> logits{1.0F, 4.0F, -2.0F, 4.0F, 3.0F};
  std::vector<int32_t> ids;
  for (const TokenLogprob& top : top_log_probabilities(logits, 4)) {
    ids.push_back(top.id);
    EXPECT_NEAR(top.logprob, log_probability(logits, top.id), 1e-12);
  }
  EXPECT_EQ(ids, (std::vector<int32_t>{1, 3, 4, 0}));
  EXPECT_EQ(top_log_probabilities(logits, 9).size(), logits.size());
  EXPECT_TRUE(top_log_probabilities(logits, 0).empty());
}

}  // namespace
}  // namespace janus
