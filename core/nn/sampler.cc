#include "core/nn/sampler.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>

namespace janus {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53U, kMultiplier1 = 0xCD9E8D57U;
constexpr uint32_t kWeyl0 = 0x9E3779B9U, kWeyl1 = 0xBB67AE85U;

int32_t argmax(std::span<const float> values) {
  return static_cast<int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// Logarithm of the sum of exp(logit - largest).
double log_of_sum(std::span<const float> logits, double largest) {
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit - largest);
  return std::log(sum);
}

// Ids whose logits survive top-k and top-p, in any order. Ties at the border fall to the lower id.
std::vector<int32_t> candidates(std::span<const double> scaled, int top_k, float top_p) {
  std::vector<int32_t> ids(scaled.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto larger = [&](int32_t a, int32_t b) {
    return scaled[a] != scaled[b] ? scaled[a] > scaled[b] : a < b;
  };
  if (top_k > 0 && static_cast<size_t>(top_k) < ids.size()) {
    std::nth_element(ids.begin(), ids.begin() + top_k, ids.end(), larger);
    ids.resize(top_k);
  }
  if (top_p >= 1.0F) return ids;

  std::sort(ids.begin(), ids.end(), larger);
  double sum = 0;
  for (int32_t id : ids) sum += std::exp(scaled[id] - scaled[ids[0]]);
  // The smallest set whose probability reaches top_p: an id stays while those before it sum to less.
  double before = 0;
  size_t kept = 0;
  while (kept < ids.size() && (kept == 0 || before < static_cast<double>(top_p) * sum)) {
    before += std::exp(scaled[ids[kept]] - scaled[ids[0]]);
    ++kept;
  }
  ids.resize(kept);
  return ids;
}

// Noise of consecutive ids shares one Philox block of four words; the last block is remembered.
class GumbelNoise {
 public:
  GumbelNoise(uint32_t seed, NoiseStream stream, uint32_t step) : seed_(seed), stream_(stream), step_(step) {}

  double operator()(int32_t id) {
    const double u = (word(id) + 0.5) * 0x1p-32;
    return -std::log(-std::log(u));
  }

  // More than the noise of an id, without its logarithms: -log(u) is at least 1 - u, which is above a power
  // of two that the leading ones of the word give.
  double bound(int32_t id) { return kAboveLog2 * (std::countl_one(word(id)) + 1); }

 private:
  static constexpr double kAboveLog2 = 0.6932;

  uint32_t word(int32_t id) {
    const auto block = static_cast<uint32_t>(id) / 4;
    if (!filled_ || block != block_) {
      words_ = philox4x32_10({block, step_, static_cast<uint32_t>(stream_), 0}, {seed_, 0});
      block_ = block;
      filled_ = true;
    }
    return words_[id % 4];
  }

  uint32_t seed_;
  NoiseStream stream_;
  uint32_t step_;
  std::array<uint32_t, 4> words_{};
  uint32_t block_ = 0;
  bool filled_ = false;
};

}  // namespace

std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

int32_t sample(std::span<const float> logits, const SamplingOptions& options, NoiseStream stream,
               uint32_t step) {
  assert(!logits.empty());
  if (options.temperature == 0.0F) return argmax(logits);
  // Less the largest, so that a tiny temperature cannot overflow.
  const double largest = logits[argmax(logits)];
  std::vector<double> scaled(logits.size());
  std::transform(logits.begin(), logits.end(), scaled.begin(),
                 [&](float logit) { return (logit - largest) / options.temperature; });

  GumbelNoise noise(options.seed, stream, step);
  int32_t best = -1;
  double best_score = 0;
  const auto consider = [&](int32_t id) {
    if (best >= 0 && scaled[id] + noise.bound(id) < best_score) return;
    const double score = scaled[id] + noise(id);
    if (best < 0 || score > best_score || (score == best_score && id < best)) {
      best = id;
      best_score = score;
    }
  };
  const bool filtered =
      (options.top_k > 0 && static_cast<size_t>(options.top_k) < logits.size()) || options.top_p < 1.0F;
  if (filtered) {
    for (int32_t id : candidates(scaled, options.top_k, options.top_p)) consider(id);
  } else {
    for (int32_t id = 0; id < static_cast<int32_t>(logits.size()); ++id) consider(id);
  }
  return best;
}

std::vector<float> latent_noise(uint32_t seed, int64_t count) {
  std::vector<float> noise(static_cast<size_t>(count));
  for (int64_t first = 0; first < count; first += 4) {
    const std::array<uint32_t, 4> words = philox4x32_10(
        {static_cast<uint32_t>(first / 4), 0, static_cast<uint32_t>(NoiseStream::latent), 0}, {seed, 0});
    const auto uniform = [&](size_t word) { return (words[word] + 0.5) * 0x1p-32; };
    std::array<double, 4> normal{};
    for (size_t pair = 0; pair < 4; pair += 2) {
      const double radius = std::sqrt(-2 * std::log(uniform(pair)));
      const double angle = 2 * std::numbers::pi * uniform(pair + 1);
      normal[pair] = radius * std::cos(angle);
      normal[pair + 1] = radius * std::sin(angle);
    }
    for (int64_t i = first; i < std::min(count, first + 4); ++i) {
      noise[static_cast<size_t>(i)] = static_cast<float>(normal[static_cast<size_t>(i - first)]);
    }
  }
  return noise;
}

std::vector<float> guide(std::span<const float> conditional, std::span<const float> unconditional,
                         float guidance) {
  assert(conditional.size() == unconditional.size());
  std::vector<float> guided(conditional.size());
  for (size_t i = 0; i < guided.size(); ++i) {
    guided[i] = unconditional[i] + guidance * (conditional[i] - unconditional[i]);
  }
  return guided;
}

LogSoftmax::LogSoftmax(std::span<const float> values)
    : logits(values), largest(values[argmax(values)]), log_sum(log_of_sum(values, largest)) {}

double log_probability(const LogSoftmax& softmax, int32_t id) {
  return softmax.logits[id] - softmax.largest - softmax.log_sum;
}

std::vector<TokenLogprob> top_log_probabilities(const LogSoftmax& softmax, int count) {
  if (count <= 0) return {};
  const std::span<const float> logits = softmax.logits;
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto kept = ids.begin() + std::min<int64_t>(count, static_cast<int64_t>(ids.size()));
  std::partial_sort(ids.begin(), kept, ids.end(), [&](int32_t a, int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  std::vector<TokenLogprob> top;
  for (auto id = ids.begin(); id != kept; ++id) top.push_back({*id, log_probability(softmax, *id)});
  return top;
}

}  // namespace janus
