// core/nn/sampler.h on a GPU: the same noise, and the same order of what survives top-k and top-p.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/cuda/decode_needs.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {

// Word id mod 4 of Philox4x32-10 with key (seed, 0) and counter (id div 4, step, stream, 0).
__host__ __device__ __forceinline__ uint32_t noise_word(uint32_t seed, uint32_t stream, uint32_t step,
                                                        uint32_t id) {
  uint32_t c0 = id / 4, c1 = step, c2 = stream, c3 = 0, k0 = seed, k1 = 0;
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53U} * c0, b = uint64_t{0xCD9E8D57U} * c2;
    const uint32_t n0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0,
                   n2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(b);
    c3 = static_cast<uint32_t>(a);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  const uint32_t low = id % 2 == 0 ? c0 : c1, high = id % 2 == 0 ? c2 : c3;
  return id % 4 < 2 ? low : high;
}

__host__ __device__ __forceinline__ double gumbel_noise(uint32_t word) {
  return -log(-log((word + 0.5) * 0x1p-32));
}

// What one item samples from.
struct ItemSampler {
  const float* conditional;    // [V]
  const float* unconditional;  // [V], or null
  float guidance, temperature, top_p;
  int top_k;
  uint32_t seed, stream, step;

  __device__ __forceinline__ float logit(int64_t id) const {
    if (unconditional == nullptr) return conditional[id];
    // Never a fused multiply-add: the host rounds the product.
    return __fadd_rn(unconditional[id], __fmul_rn(guidance, __fadd_rn(conditional[id], -unconditional[id])));
  }
  // What is largest for the id that is sampled.
  __device__ __forceinline__ double score(float logit, uint32_t id) const {
    if (temperature == 0.0F) return logit;
    return static_cast<double>(logit) / static_cast<double>(temperature) +
           gumbel_noise(noise_word(seed, stream, step, id));
  }
};

// In place of a best id: none was seen yet, or one whose logit is not finite, which beats all.
constexpr int32_t kNoId = -1, kNotFiniteId = -2;

// What an id adds to the search for the best.
__device__ __forceinline__ Best candidate(const ItemSampler& sampler, float logit, int64_t id) {
  if (!(fabsf(logit) < INFINITY)) return {0.0, kNotFiniteId};
  return {sampler.score(logit, static_cast<uint32_t>(id)), static_cast<int32_t>(id)};
}

__device__ __forceinline__ Best better(const Best& a, const Best& b) {
  if (a.id == kNotFiniteId || b.id == kNoId) return a;
  if (b.id == kNotFiniteId || a.id == kNoId) return b;
  if (a.score != b.score) return a.score > b.score ? a : b;
  return a.id < b.id ? a : b;
}

// Returns the best of all threads of a block in thread 0.
__device__ __forceinline__ Best block_best(Best best) {
  __shared__ Best parts[32];
  for (int bits = 16; bits > 0; bits /= 2) {
    const Best other{__shfl_xor_sync(kAllLanes, best.score, bits), __shfl_xor_sync(kAllLanes, best.id, bits)};
    best = better(best, other);
  }
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = best;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) best = better(best, parts[warp]);
  }
  __syncthreads();
  return best;
}

// -- what survives top-k and top-p --------------------------------------------------------------------------

// Keys in the order of the logits, of equal ones the lower id first, each once.
struct KeyOrder {
  int id_bits;
  __host__ __device__ static constexpr KeyOrder of(int64_t vocabulary) {
    int bits = 1;
    while ((int64_t{1} << bits) < vocabulary) ++bits;
    return {bits};
  }
  __host__ __device__ __forceinline__ uint64_t key(uint32_t float_bits, int64_t id) const {
    const uint32_t order = (float_bits & 0x80000000U) != 0 ? ~float_bits : float_bits | 0x80000000U;
    return uint64_t{order} << id_bits | static_cast<uint64_t>((int64_t{1} << id_bits) - 1 - id);
  }
  __host__ __device__ constexpr int bits() const { return 32 + id_bits; }
};

// The largest key t such that mass(t), which grows as t falls, is `target` or more; 0 if none is. Every
// thread calls it, and mass(t) is the same in all.
template <class Mass>
__device__ __forceinline__ uint64_t highest_key(const KeyOrder& order, double target, const Mass& mass) {
  uint64_t found = 0;
  for (int bit = order.bits() - 1; bit >= 0; --bit) {
    const uint64_t candidate = found | uint64_t{1} << bit;
    if (mass(candidate) >= target) found = candidate;
  }
  return found;
}

// The lowest key that survives. logits: guided, [V], read by every thread of one block. largest: of them.
__device__ __forceinline__ uint64_t lowest_kept(const ItemSampler& sampler, const float* logits,
                                                int64_t vocabulary, float largest) {
  const KeyOrder order = KeyOrder::of(vocabulary);
  const auto key_of = [&](int64_t id) { return order.key(__float_as_uint(logits[id]), id); };
  const auto weight = [&](int64_t id) {
    return exp((static_cast<double>(logits[id]) - static_cast<double>(largest)) /
               static_cast<double>(sampler.temperature));
  };
  uint64_t floor = 0;
  if (sampler.top_k > 0 && sampler.top_k < vocabulary) {
    floor = highest_key(order, sampler.top_k, [&](uint64_t key) {
      int count = 0;
      for (int64_t id = threadIdx.x; id < vocabulary; id += blockDim.x) count += key_of(id) >= key ? 1 : 0;
      return static_cast<double>(block_sum(count));
    });
  }
  if (sampler.top_p >= 1.0F) return floor;
  const auto mass = [&](uint64_t key) {
    double sum = 0.0;
    for (int64_t id = threadIdx.x; id < vocabulary; id += blockDim.x) {
      const uint64_t own = key_of(id);
      if (own >= floor && own >= key) sum += weight(id);
    }
    return block_sum(sum);
  };
  const uint64_t bound = highest_key(order, static_cast<double>(sampler.top_p) * mass(0), mass);
  return bound > floor ? bound : floor;
}

}  // namespace janus::cuda
