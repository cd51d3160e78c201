// Products of few rows (the batch rows of a decoding step), which take as long as the weights need to come
// from memory. The weights are the large side: 16 of their rows by 32 numbers are a warp's step, read once
// for all batch rows; the batch rows stand in columns of 8.
//
// The order of a sum depends on the weight's depth alone: warp w of 8 takes steps w, w + 8, ..., and the
// eight sums are added in order. So an element's bits depend on neither the other rows nor their number.
#pragma once

#include "core/cuda/launch.h"
#include "core/cuda/numbers.h"

namespace janus::cuda {

constexpr int kStreamWarps = 8, kStreamThreads = 32 * kStreamWarps, kStreamRows = 16, kStreamStep = 32;
// Most batch rows that read the weights together: four tiles of 8.
constexpr int kMostStreamBatch = 32;

// Activations as two terms of bf16, [B, depth] each, dense; `depth` a multiple of kStreamStep, zeros behind
// the weights' depth.
struct SplitRows {
  const uint16_t* high;
  const uint16_t* low;
  int64_t depth;
  int batch;
};

constexpr int64_t split_depth(int64_t depth) { return divide_up(depth, kStreamStep) * kStreamStep; }

// Rows of up to three matrices of one type, one under another: q, k and v of a layer.
struct StackedRows {
  MatrixView parts[3];
  int64_t ends[3];  // row after a part's last, counted from the first part's first
  __device__ __forceinline__ const unsigned char* row(int64_t index) const {
    if (index < ends[0]) return parts[0].data + index * parts[0].row_bytes;
    if (index < ends[1]) return parts[1].data + (index - ends[0]) * parts[1].row_bytes;
    if (index < ends[2]) return parts[2].data + (index - ends[1]) * parts[2].row_bytes;
    return nullptr;
  }
  // Row `r` of tile `tile`.
  __device__ __forceinline__ const unsigned char* tile_row(int64_t tile, int r) const {
    return row(tile * kStreamRows + r);
  }
  int64_t tiles() const { return divide_up(ends[2], kStreamRows); }
};

// Rows of two matrices side by side: 8 of gate, then the 8 of up that they meet.
struct PairedRows {
  MatrixView gate, up;
  int64_t rows;
  __device__ __forceinline__ const unsigned char* tile_row(int64_t tile, int r) const {
    const int64_t index = tile * (kStreamRows / 2) + r % 8;
    if (index >= rows) return nullptr;
    const MatrixView& part = r < 8 ? gate : up;
    return part.data + index * part.row_bytes;
  }
  int64_t tiles() const { return divide_up(rows, kStreamRows / 2); }
};

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
    Numbers<kType>::load(row, k, depth, true, x);
    TwoTerms t[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) t[i] = two_terms(x[2 * i], x[2 * i + 1]);
    w.high = make_uint4(t[0].high, t[1].high, t[2].high, t[3].high);
    w.low = make_uint4(t[0].low, t[1].low, t[2].low, t[3].low);
  }
  return w;
}

// d += 16 weight rows x 32 numbers times 8 batch rows. Lane 4g + t brings numbers 8t to 8t + 8 of weight rows
// g (`top`) and g + 8 (`bottom`) and of batch row g: a permutation of k that is the same on both sides.
__device__ __forceinline__ void step_product(float (&d)[4], const uint4& top, const uint4& bottom,
                                             const uint4& x) {
  const uint32_t first[4] = {top.x, bottom.x, top.y, bottom.y};
  const uint32_t second[4] = {top.z, bottom.z, top.w, bottom.w};
  mma_bf16(d, first, x.x, x.y);
  mma_bf16(d, second, x.z, x.w);
}

// The body of every kernel for few rows: sums[r][b] for the block's 16 weight rows and 8 * kTiles batch rows
// from `first_batch` on, in shared memory, ready for all threads.
template <DType kType, int kTiles, class Rows>
__device__ __forceinline__ const float (*stream_sums(const Rows& rows, const SplitRows& x, int64_t depth,
                                                     int first_batch))[8 * kTiles] {
  __shared__ float partial[kStreamWarps][kStreamRows][8 * kTiles];
  __shared__ float sums[kStreamRows][8 * kTiles];
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  const int group = lane / 4, quarter = lane % 4;
  const int64_t tile = blockIdx.x;
  const unsigned char* const top = rows.tile_row(tile, group);
  const unsigned char* const bottom = rows.tile_row(tile, group + 8);
  constexpr int kAhead = kType == DType::bf16 ? 4 : 2;  // steps whose weights are asked for before the first
  Weights8 w[kAhead][2];
  const int64_t stride = int64_t{kStreamWarps} * kStreamStep;
  int64_t k = int64_t{warp} * kStreamStep + quarter * 8;
#pragma unroll
  for (int i = 0; i < kAhead; ++i) {
    w[i][0] = load_weights<kType>(top, k + i * stride, depth);
    w[i][1] = load_weights<kType>(bottom, k + i * stride, depth);
  }
  // Weights are of no kernel before: they are on their way while the last one ends.
  wait_for_last();
  float d[kTiles][4] = {};
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
#pragma unroll
  for (int j = 0; j < kTiles; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) partial[warp][group + e / 2 * 8][8 * j + quarter * 2 + e % 2] = d[j][e];
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

// Calls body.template operator()<tiles>() for the fewest tiles of 8 that hold `batch` rows: 1, 2 or 4.
template <typename Body>
void with_stream_tiles(int64_t batch, Body body) {
  if (batch <= 8) return body.template operator()<1>();
  if (batch <= 16) return body.template operator()<2>();
  return body.template operator()<4>();
}

}  // namespace janus::cuda
