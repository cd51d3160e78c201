// The inner loop of gemv.h for weights of bf16 and f16, a row after the other as they are stored.
#pragma once

#include "core/cuda/gemv_operands.h"

namespace janus::cuda {

// Eight weights from `k` on as one or two terms.
struct Weights8 {
  uint4 high, low;
};
template <DType kType>
__device__ __forceinline__ Weights8 load_weights(const unsigned char* row, int64_t k, int64_t depth) {
  Weights8 w{make_uint4(0, 0, 0, 0), make_uint4(0, 0, 0, 0)};
  if (row == nullptr || k >= depth) return w;
  if constexpr (kType == DType::bf16) {
    w.high = load_stream(row + 2 * k);
  } else {
    float x[8];
    Elements<kType>::load(row, k, depth, true, x);
    TwoTerms t[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) t[i] = two_terms(x[2 * i], x[2 * i + 1]);
    w.high = make_uint4(t[0].high, t[1].high, t[2].high, t[3].high);
    w.low = make_uint4(t[0].low, t[1].low, t[2].low, t[3].low);
  }
  return w;
}

// d += 16 weight rows x 32 elements times 8 batch rows. Lane 4g + t brings elements 8t to 8t + 8 of weight
// rows g (`top`) and g + 8 (`bottom`) and of batch row g: a permutation of k that is the same on both sides.
__device__ __forceinline__ void step_product(float (&d)[4], const uint4& top, const uint4& bottom,
                                             const uint4& x) {
  const uint32_t first[4] = {top.x, bottom.x, top.y, bottom.y};
  const uint32_t second[4] = {top.z, bottom.z, top.w, bottom.w};
  mma_bf16(d, first, x.x, x.y);
  mma_bf16(d, second, x.z, x.w);
}

// A warp's sums over its steps of the depth; d[j]: batch rows first_batch + 8j and on.
template <DType kType, int kTiles, class Rows>
__device__ __forceinline__ void plain_warp_sums(const Rows& rows, const SplitRows& x, int64_t depth,
                                                int first_batch, float (&d)[kTiles][4]) {
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int group = lane / 4, quarter = lane % 4;
  const unsigned char* const top = rows.tile_row(blockIdx.x, group);
  const unsigned char* const bottom = rows.tile_row(blockIdx.x, group + 8);
  constexpr int kAhead = kType == DType::bf16 ? 4 : 2;  // steps whose weights are asked for before the first
  Weights8 w[kAhead][2];
  const int64_t stride = int64_t{kGemvWarps} * kGemvStep;
  int64_t k = int64_t{warp} * kGemvStep + quarter * 8;
#pragma unroll
  for (int i = 0; i < kAhead; ++i) {
    w[i][0] = load_weights<kType>(top, k + i * stride, depth);
    w[i][1] = load_weights<kType>(bottom, k + i * stride, depth);
  }
  // Weights are of no kernel before: they are on their way while the last one ends.
  wait_for_last();
  for (; k - quarter * 8 < depth; k += kAhead * stride) {
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int64_t at = k + i * stride;
      const Weights8 a = w[i][0], b = w[i][1];
      w[i][0] = load_weights<kType>(top, at + kAhead * stride, depth);
      w[i][1] = load_weights<kType>(bottom, at + kAhead * stride, depth);
      if (at - quarter * 8 >= depth) continue;
#pragma unroll
      for (int j = 0; j < kTiles; ++j) {
        const int row = first_batch + 8 * j + group;
        uint4 high = make_uint4(0, 0, 0, 0), low = high;
        if (row < x.batch) {
          high = *reinterpret_cast<const uint4*>(x.high + row * x.depth + at);
          low = *reinterpret_cast<const uint4*>(x.low + row * x.depth + at);
        }
        step_product(d[j], a.high, b.high, high);
        step_product(d[j], a.high, b.high, low);
        if constexpr (kType != DType::bf16) step_product(d[j], a.low, b.low, high);
      }
    }
  }
}

}  // namespace janus::cuda
