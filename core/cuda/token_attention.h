// Attention of one new token over a cache, the context cut into parts of which each has its own block: two
// rows of sixteen heads alone would leave most of the card idle. The last block of a head to finish joins the
// parts, in their order.
#pragma once

#include "core/cuda/cache_index.h"
#include "core/cuda/numbers.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {

constexpr unsigned kTokenThreads = 128;

struct TokenAttention {
  const unsigned char* keys;
  const unsigned char* values;
  CacheShape cache;
  int group;       // query heads a key head
  float* partial;  // PartShape
  PartShape parts;
  unsigned* done;  // [B, Hkv] counts of finished blocks, zero before and after
};

template <DType kCache>
__device__ __forceinline__ float cached_number(const unsigned char* data, int64_t index) {
  if constexpr (kCache == DType::f32) return reinterpret_cast<const float*>(data)[index];
  return from_bf16(reinterpret_cast<const uint16_t*>(data)[index]);
}

// The product of a query in shared memory with a key, by eight neighbouring lanes, `lane` of them.
template <DType kCache>
__device__ __forceinline__ float key_product(const float* query, const unsigned char* keys, int64_t at,
                                             int64_t width, int lane) {
  float sum = 0.0F;
  if (kCache == DType::bf16 && width % 8 == 0) {
    for (int64_t d = lane * 8; d < width; d += 64) {
      float k[8];
      widen_bf16(*reinterpret_cast<const uint4*>(keys + 2 * (at + d)), k);
#pragma unroll
      for (int i = 0; i < 8; ++i) sum = fmaf(query[d + i], k[i], sum);
    }
  } else {
    for (int64_t d = lane; d < width; d += 8) sum = fmaf(query[d], cached_number<kCache>(keys, at + d), sum);
  }
  for (int bits = 4; bits > 0; bits /= 2) sum += __shfl_xor_sync(kAllLanes, sum, bits);
  return sum;
}

// The part `part` of query head `head` of batch row `b`, whose sequence begins at `start` of the cache and
// has `length` tokens. query: in shared memory, [width]. Every thread of the block calls it.
template <DType kCache>
__device__ __forceinline__ void attend_part(const TokenAttention& a, const float* query, int b, int64_t start,
                                            int head, int part, int64_t length) {
  __shared__ float scores[kContextPart];
  const int64_t width = a.cache.width, first = int64_t{part} * kContextPart;
  const int count = static_cast<int>(length - first < kContextPart ? length - first : kContextPart);
  const int64_t base = a.cache.token(start, head / a.group, first);
  const int thread = static_cast<int>(threadIdx.x);
  const float scale = 1.0F / sqrtf(static_cast<float>(width));
  // Eight lanes a token; the whole warp takes part in its last, unfilled round.
  for (int j = thread / 8; j < kContextPart; j += kTokenThreads / 8) {
    const int inside = j < count ? j : count - 1;
    const float score = key_product<kCache>(query, a.keys, base + inside * width, width, thread % 8) * scale;
    if (thread % 8 == 0) scores[j] = j < count ? score : -INFINITY;
  }
  __syncthreads();
  float largest = scores[0];
  for (int j = 1; j < count; ++j)
    largest = scores[j] > largest || scores[j] != scores[j] ? scores[j] : largest;
  __syncthreads();
  if (thread < kContextPart) scores[thread] = thread < count ? expf(scores[thread] - largest) : 0.0F;
  __syncthreads();
  float* const out = a.partial + a.parts.place(b, head, part);
  if (thread == 0) {
    float sum = 0.0F;
    for (int j = 0; j < count; ++j) sum += scores[j];
    out[0] = largest;
    out[1] = sum;
  }
  for (int64_t d = thread; d < width; d += kTokenThreads) {
    float sum = 0.0F;
#pragma unroll 8
    for (int j = 0; j < count; ++j) {
      sum = fmaf(scores[j], cached_number<kCache>(a.values, base + j * width + d), sum);
    }
    out[2 + d] = sum;
  }
  __syncthreads();
}

// Number d of the joined parts of a query head.
__device__ __forceinline__ float joined_number(const TokenAttention& a, int b, int head, int64_t parts,
                                               int64_t d) {
  const float* const from = a.partial + a.parts.place(b, head, 0);
  const int64_t step = a.parts.width + 2;
  float largest = from[0];
  for (int64_t i = 1; i < parts; ++i) {
    const float other = from[i * step];
    largest = other > largest || other != other ? other : largest;
  }
  float sum = 0.0F, total = 0.0F;
  for (int64_t i = 0; i < parts; ++i) {
    const float factor = expf(from[i * step] - largest);
    total = fmaf(from[i * step + 1], factor, total);
    sum = fmaf(from[i * step + 2 + d], factor, sum);
  }
  return sum / total;
}

// True in the block of (b, key head) that calls it last of `parts`.
__device__ __forceinline__ bool is_last_part(const TokenAttention& a, int b, int key_head, int64_t parts) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    unsigned* const count = a.done + int64_t{b} * a.cache.heads + key_head;
    last = atomicAdd(count, 1U) == static_cast<unsigned>(parts) - 1;
    if (last) *count = 0;
  }
  __syncthreads();
  if (last) __threadfence();
  return last;
}

}  // namespace janus::cuda
