// Where things stand in a cache of keys and values, and how one new token's attention over it is cut.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace janus::cuda {

// Tokens of the context that one block of a one-token attention looks at. A row's cut depends on its own
// length alone, so its bits do too.
constexpr int kContextPart = 64;

__host__ __device__ constexpr int64_t context_parts(int64_t length) {
  return (length + kContextPart - 1) / kContextPart;
}

// Of keys or values [Hkv, tokens, Dh].
struct CacheShape {
  int64_t heads, tokens, width;

  // Of the sequence that begins at token `start` of the cache.
  __host__ __device__ constexpr int64_t token(int64_t start, int64_t head, int64_t position) const {
    return (head * tokens + start + position) * width;
  }
};

// What the blocks of one (batch row, query head) leave for the last of them: for every part the largest
// score, the sum of exponentials and the weighted sum of values.
struct PartShape {
  int64_t heads, parts, width;  // query heads, most parts of any row

  __host__ __device__ constexpr int64_t place(int64_t batch_row, int64_t head, int64_t part) const {
    return ((batch_row * heads + head) * parts + part) * (width + 2);
  }
  __host__ __device__ constexpr int64_t floats(int64_t batch) const { return place(batch, 0, 0); }
};

}  // namespace janus::cuda
