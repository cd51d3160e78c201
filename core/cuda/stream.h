// Products of few rows (the batch rows of a decoding step), which take as long as the weights need to come
// from memory. The weights are the large side: 16 of their rows by 32 numbers are a warp's step, read once
// for all batch rows; the batch rows stand in columns of 8.
//
// The order of a sum depends on the weight's depth alone: warp w of 8 takes steps w, w + 8, ..., and the
// eight sums are added in order. So an element's bits depend on neither the other rows nor their number.
// Weights are bf16 and f16 as they are stored, or packed blocks (lane_stream.h).
#pragma once

#include "core/cuda/lane_stream.h"
#include "core/cuda/row_stream.h"

namespace janus::cuda {

// The body of every kernel for few rows: sums[r][b] for the block's 16 weight rows and 8 * kTiles batch rows
// from `first_batch` on, in shared memory, ready for all threads.
template <DType kType, int kTiles, class Rows>
__device__ __forceinline__ const float (*stream_sums(const Rows& rows, const SplitRows& x, int64_t depth,
                                                     int first_batch))[8 * kTiles] {
  __shared__ float partial[kStreamWarps][kStreamRows][8 * kTiles];
  __shared__ float sums[kStreamRows][8 * kTiles];
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  float d[kTiles][4] = {};
  if constexpr (is_quantized(kType)) {
    lane_warp_sums<kType>(rows, x, depth, first_batch, d);
  } else {
    row_warp_sums<kType>(rows, x, depth, first_batch, d);
  }
#pragma unroll
  for (int j = 0; j < kTiles; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) partial[warp][lane / 4 + e / 2 * 8][8 * j + lane % 4 * 2 + e % 2] = d[j][e];
  }
  __syncthreads();
  for (int i = thread; i < kStreamRows * 8 * kTiles; i += kStreamThreads) {
    float total = 0.0F;
#pragma unroll
    for (int part = 0; part < kStreamWarps; ++part)
      total += partial[part][i / (8 * kTiles)][i % (8 * kTiles)];
    sums[i / (8 * kTiles)][i % (8 * kTiles)] = total;
  }
  __syncthreads();
  return sums;
}

// Calls body.template operator()<type>() for a type that these products read.
template <typename Body>
void with_stream_type(DType type, Body body) {
  if (type == DType::f16) return body.template operator()<DType::f16>();
  if (type == DType::bf16) return body.template operator()<DType::bf16>();
  with_block_format(type, body);
}

// Calls body.template operator()<tiles>() for the fewest tiles of 8 that hold `batch` rows: 1, 2 or 4.
template <typename Body>
void with_stream_tiles(int64_t batch, Body body) {
  if (batch <= 8) return body.template operator()<1>();
  if (batch <= 16) return body.template operator()<2>();
  return body.template operator()<4>();
}

}  // namespace janus::cuda
