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

// The stream that the noise comes from: image codes, text tokens and latents never share noise.
enum class NoiseStream : uint32_t { codes = 0, text = 1, latent = 2 };

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

// Noise for a latent of `count` elements, normally distributed with mean 0 and variance 1. Elements 4b to 4b + 3
// come from the four words x of Philox with key (seed, 0) and counter (b, 0, 2, 0), by Box and Muller: with
// u = (x + 0.5) * 2^-32, sqrt(-2 log u0) times cos and sin of 2 pi u1 are the first two, and those of u2, u3
// the others.
std::vector<float> latent_noise(uint32_t seed, int64_t count);

// l = unconditional + guidance * (conditional - unconditional), in f32. [V], [V] -> [V].
std::vector<float> guide(std::span<const float> conditional, std::span<const float> unconditional,
                         float guidance);

// What the logarithm of softmax(logits) takes of the whole of logits [V], which must outlive it; made once
// for all that is asked of them.
struct LogSoftmax {
  LogSoftmax(std::span<const float> values);
  LogSoftmax(const std::vector<float>& values) : LogSoftmax(std::span(values)) {}

  std::span<const float> logits;
  double largest, log_sum;  // the logarithm of the sum of exp(logit - largest), summed in double
};

// Natural logarithm of softmax(logits)[id].
double log_probability(const LogSoftmax& softmax, int32_t id);

struct TokenLogprob {
  int32_t id = 0;
  double logprob = 0;
};

// The `count` largest of these, largest first, the lower id first among equals; all where there are fewer.
std::vector<TokenLogprob> top_log_probabilities(const LogSoftmax& softmax, int count);

}  // namespace janus
