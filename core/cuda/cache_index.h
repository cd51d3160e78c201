// Where things stand in a cache of keys and values.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace janus::cuda {

// The shape of keys or values [Hkv, tokens, Dh].
struct CacheShape {
  int64_t heads, tokens, width;

  // The index of a token of the sequence that begins at token `start` of the cache.
  __host__ __device__ constexpr int64_t token(int64_t start, int64_t head, int64_t position) const {
    return (head * tokens + start + position) * width;
  }
};

}  // namespace janus::cuda
