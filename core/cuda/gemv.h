// gemv on tensor cores: the few rows of a decoding step by a weight, as fast as the weight comes from memory.
// Open this one; what it is made of is gemv_operands.h (what it reads), gemv_plain.h and gemv_packed.h (its
// inner loops). gemm.h has products of many rows.
//
// 16 weight rows by 32 elements are a warp's step, read once for all batch rows, which stand in columns of 8.
// The order of a sum depends on the weight's depth alone: warp w of 8 takes steps w, w + 8, ..., and the
// eight sums are added in order. So an element's bits depend on neither the other rows nor their number.
#pragma once

#include "core/cuda/gemv_packed.h"
#include "core/cuda/gemv_plain.h"

namespace janus::cuda {

// The body of every kernel for few rows: sums[r][b] for the block's 16 weight rows and 8 * kTiles batch rows
// from `first_batch` on, in shared memory, ready for all threads.
template <DType kType, int kTiles, class Rows>
__device__ __forceinline__ const float (*gemv_sums(const Rows& rows, const SplitRows& x, int64_t depth,
                                                   int first_batch))[8 * kTiles] {
  __shared__ float partial[kGemvWarps][kGemvRows][8 * kTiles];
  __shared__ float sums[kGemvRows][8 * kTiles];
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  float d[kTiles][4] = {};
  if constexpr (is_quantized(kType)) {
    packed_warp_sums<kType>(rows, x, depth, first_batch, d);
  } else {
    plain_warp_sums<kType>(rows, x, depth, first_batch, d);
  }
#pragma unroll
  for (int j = 0; j < kTiles; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) partial[warp][lane / 4 + e / 2 * 8][8 * j + lane % 4 * 2 + e % 2] = d[j][e];
  }
  __syncthreads();
  for (int i = thread; i < kGemvRows * 8 * kTiles; i += kGemvThreads) {
    float total = 0.0F;
#pragma unroll
    for (int part = 0; part < kGemvWarps; ++part) total += partial[part][i / (8 * kTiles)][i % (8 * kTiles)];
    sums[i / (8 * kTiles)][i % (8 * kTiles)] = total;
  }
  __syncthreads();
  return sums;
}

// Calls body.template operator()<type>() for a type that these products read.
template <typename Body>
void with_gemv_type(DType type, Body body) {
  if (type == DType::f16) return body.template operator()<DType::f16>();
  if (type == DType::bf16) return body.template operator()<DType::bf16>();
  with_block_format(type, body);
}

// Calls body.template operator()<tiles>() for the fewest tiles of 8 that hold `batch` rows: 1, 2 or 4.
template <typename Body>
void with_gemv_tiles(int64_t batch, Body body) {
  if (batch <= 8) return body.template operator()<1>();
  if (batch <= 16) return body.template operator()<2>();
  return body.template operator()<4>();
}

}  // namespace janus::cuda
