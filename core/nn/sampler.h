// Seeded sampling of codes and tokens: argmax of filtered logits plus Gumbel noise from a counter-based
// generator, so that a seed names the same sample on every device, in every batch, at every step.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace janus {

// Philox4x32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// The stream that the noise comes from: image codes and text tokens never share noise.
enum class NoiseStream : uint32_t { codes = 0, text = 1 };

struct SamplingOptions {
  float temperature = 1.0F;  // 0 = greedy: the largest logit, the lowest id among equals
  int top_k = 0;             // 0 = off
  float top_p = 1.0F;        // in (0, 1]; 1 = off
  uint32_t seed = 42;
};

// Samples the id of `step` from logits [V]: temperature, top-k, top-p, then argmax of logits + Gumbel noise
// -log(-log(u)), u = (x + 0.5) * 2^-32, x = word id mod 4 of Philox with key (seed, 0) and counter
// (id div 4, step, stream, 0). `logits` must be finite.
int32_t sample(std::span<const float> logits, const SamplingOptions& options, NoiseStream stream,
               uint32_t step);

// l = unconditional + guidance * (conditional - unconditional), in f32. [V], [V] -> [V].
std::vector<float> guide(std::span<const float> conditional, std::span<const float> unconditional,
                         float guidance);

// Natural logarithm of softmax(logits)[id], summed in double.
double log_probability(std::span<const float> logits, int32_t id);

struct TokenLogprob {
  int32_t id = 0;
  double logprob = 0;
};

// The `count` largest of these, largest first, the lower id first among equals; all where there are fewer.
std::vector<TokenLogprob> top_log_probabilities(std::span<const float> logits, int count);

}  // namespace janus
