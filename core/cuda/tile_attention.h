// Attention of many tokens in one kernel: 64 queries of a head stay in shared memory while the keys and
// values pass, a tile at a time, and a query's largest score, sum of exponentials and weighted values stay in
// registers (Milakov and Gimelshein, 2018; Dao et al., 2022). Scores are never in memory.
//
// On tensor cores and as exact as f32: numbers of f32 are sums of three of bf16, which hold all of their 24
// bits, and of the products of such sums those below 2^-24 of the whole are left out. Keys and values of bf16
// are one term.
//
// Keys come in tiles from the first on, wherever a query stands, and what it does not see adds exactly
// nothing. So its bits depend on itself and on what it sees alone.
#pragma once

#include "core/cuda/cache_index.h"
#include "core/cuda/numbers.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {

// Where the rows of a batch stand, by value to a kernel: so many at a time.
constexpr int kPlaced = 64;
struct Placed {
  int32_t starts[kPlaced], positions[kPlaced];
};

// Widest head that the registers hold.
constexpr int64_t kMostTileWidth = 128;

template <DType kType, int kWidth_>
struct AttentionTile {
  static constexpr int kWidth = kWidth_;                        // of a head, zeros behind its own
  static constexpr int kQueries = 64, kThreads = 2 * kQueries;  // a warp has 16 queries
  static constexpr int kTerms = kType == DType::bf16 ? 1 : 3, kQueryTerms = 3;
  static constexpr int kKeys = kType == DType::bf16 ? 64 : 32;
  // A row of shared memory, in numbers, so that eight rows' 16 bytes lie in different banks.
  static constexpr int kStride = kWidth + 8;
  static constexpr int kPieces = kKeys * kWidth / 8 / kThreads;  // of eight numbers, a thread
  static constexpr size_t kSharedBytes =
      sizeof(uint16_t) * (kQueryTerms * kQueries + kTerms * kKeys) * kStride;
};

struct TileAttention {
  const float* queries;  // [B, T, heads * width], as out
  const unsigned char* keys;
  const unsigned char* values;
  int64_t row_stride, head_stride, token_stride;  // numbers between rows, heads and tokens of keys and values
  int64_t tokens, width;
  int heads, group;  // of queries; query heads a key head
  bool causal;       // token t of a row at position p sees p + t + 1 keys; otherwise all see T
  float* out;
};

// Eight numbers of a key or value on their way to shared memory.
template <DType kType>
struct CachedPiece;

template <>
struct CachedPiece<DType::bf16> {
  uint4 numbers;
  __device__ __forceinline__ void load(const unsigned char* row, int64_t d, int64_t width) {
    const auto* const from = reinterpret_cast<const uint16_t*>(row) + d;
    if (width % 8 == 0 && d < width) {
      numbers = *reinterpret_cast<const uint4*>(from);
      return;
    }
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      words[i] = (d + 2 * i < width ? from[2 * i] : 0U) |
                 (d + 2 * i + 1 < width ? static_cast<uint32_t>(from[2 * i + 1]) : 0U) << 16;
    }
    numbers = make_uint4(words[0], words[1], words[2], words[3]);
  }
  __device__ __forceinline__ void clear() { numbers = make_uint4(0, 0, 0, 0); }
  __device__ __forceinline__ void store(uint16_t* to, int /*term_stride*/) const {
    *reinterpret_cast<uint4*>(to) = numbers;
  }
};

// As three terms, `term_stride` numbers apart.
__device__ __forceinline__ void store_three_terms(const float (&x)[8], uint16_t* to, int term_stride) {
  uint32_t words[3][4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const ThreeTerms terms = three_terms(x[2 * i], x[2 * i + 1]);
#pragma unroll
    for (int term = 0; term < 3; ++term) words[term][i] = terms.of[term];
  }
#pragma unroll
  for (int term = 0; term < 3; ++term) {
    *reinterpret_cast<uint4*>(to + term * term_stride) =
        make_uint4(words[term][0], words[term][1], words[term][2], words[term][3]);
  }
}

template <>
struct CachedPiece<DType::f32> {
  float numbers[8];
  __device__ __forceinline__ void load(const unsigned char* row, int64_t d, int64_t width) {
    Numbers<DType::f32>::load(row, d, width, width % 8 == 0, numbers);
  }
  __device__ __forceinline__ void clear() { zeros(numbers); }
  __device__ __forceinline__ void store(uint16_t* to, int term_stride) const {
    store_three_terms(numbers, to, term_stride);
  }
};

// d += a b of sums of terms, the products of small ones first. b0, b1: each term's.
template <int kTerms>
__device__ __forceinline__ void mma_small_terms(float (&d)[4], const uint32_t (&a)[3][4],
                                                const uint32_t (&b)[kTerms][4], int n) {
  if constexpr (kTerms == 3) mma_bf16(d, a[0], b[2][2 * n], b[2][2 * n + 1]);
  mma_bf16(d, a[2], b[0][2 * n], b[0][2 * n + 1]);
  if constexpr (kTerms == 3) {
    mma_bf16(d, a[1], b[1][2 * n], b[1][2 * n + 1]);
    mma_bf16(d, a[0], b[1][2 * n], b[1][2 * n + 1]);
  }
  mma_bf16(d, a[1], b[0][2 * n], b[0][2 * n + 1]);
}

// Products of the warp's 16 queries with a tile of keys: lane 4g + t has queries g (e < 2) and g + 8, keys
// 8j + 2t + e % 2.
template <class Tile>
__device__ __forceinline__ void score_keys(const uint16_t* queries, const uint16_t* keys,
                                           float (&scores)[Tile::kKeys / 8][4]) {
  const int lane = static_cast<int>(threadIdx.x) % 32, part = lane / 8;
  const int query = static_cast<int>(threadIdx.x) / 32 * 16 + part % 2 * 8 + lane % 8;
  // Apart from the large products, whose cut-off bits are as large as these.
  float small[Tile::kKeys / 8][4] = {};
#pragma unroll
  for (int j = 0; j < Tile::kKeys / 8; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) scores[j][e] = 0.0F;
  }
#pragma unroll 1
  for (int step = 0; step < Tile::kWidth; step += 16) {
    uint32_t x[3][4];
#pragma unroll
    for (int term = 0; term < 3; ++term) {
      ldmatrix_x4(x[term], queries + (term * Tile::kQueries + query) * Tile::kStride + step + part / 2 * 8);
    }
#pragma unroll
    for (int j = 0; j < Tile::kKeys / 16; ++j) {
      uint32_t y[Tile::kTerms][4];
#pragma unroll
      for (int term = 0; term < Tile::kTerms; ++term) {
        const int key = term * Tile::kKeys + 16 * j + part / 2 * 8 + lane % 8;
        ldmatrix_x4(y[term], keys + key * Tile::kStride + step + part % 2 * 8);
      }
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        mma_small_terms<Tile::kTerms>(small[2 * j + n], x, y, n);
        mma_bf16(scores[2 * j + n], x[0], y[0][2 * n], y[0][2 * n + 1]);
      }
    }
  }
#pragma unroll
  for (int j = 0; j < Tile::kKeys / 8; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) scores[j][e] += small[j][e];
  }
}

__device__ __forceinline__ float larger_or_nan(float a, float b) { return b > a || b != b ? b : a; }

// What is kept of two queries, g and g + 8, between tiles of keys; a quarter of a sum in each of four lanes.
struct RunningSoftmax {
  float largest[2] = {-INFINITY, -INFINITY}, sums[2] = {0.0F, 0.0F};

  // Products to exponentials. seen: keys of this tile that each query sees. correction: of all before.
  template <int kTiles>
  __device__ __forceinline__ void add(float (&scores)[kTiles][4], const int (&seen)[2], float scale,
                                      float (&correction)[2]) {
    const int column = static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float top = largest[r];
#pragma unroll
      for (int j = 0; j < kTiles; ++j) {
#pragma unroll
        for (int e = 2 * r; e < 2 * r + 2; ++e) {
          scores[j][e] = 8 * j + column + e % 2 < seen[r] ? scores[j][e] * scale : -INFINITY;
          top = larger_or_nan(top, scores[j][e]);
        }
      }
      top = larger_or_nan(top, __shfl_xor_sync(kAllLanes, top, 1));
      top = larger_or_nan(top, __shfl_xor_sync(kAllLanes, top, 2));
      correction[r] = expf(largest[r] - top);
      largest[r] = top;
      float sum = 0.0F;
#pragma unroll
      for (int j = 0; j < kTiles; ++j) {
#pragma unroll
        for (int e = 2 * r; e < 2 * r + 2; ++e) {
          scores[j][e] = expf(scores[j][e] - top);
          sum += scores[j][e];
        }
      }
      sums[r] = fmaf(sums[r], correction[r], sum);
    }
  }
};

// totals = totals * correction + weights values. A tile's own sum begins at 0, so that the long sum over all
// tiles is rounded, not cut off.
template <class Tile>
__device__ __forceinline__ void add_values(const float (&weights)[Tile::kKeys / 8][4], const uint16_t* values,
                                           const float (&correction)[2],
                                           float (&totals)[Tile::kWidth / 8][4]) {
  const int lane = static_cast<int>(threadIdx.x) % 32, part = lane / 8;
  uint32_t p[Tile::kKeys / 16][3][4];
#pragma unroll
  for (int s = 0; s < Tile::kKeys / 16; ++s) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float(&from)[4] = weights[2 * s + i / 2];
      const ThreeTerms terms = three_terms(from[i % 2 * 2], from[i % 2 * 2 + 1]);
#pragma unroll
      for (int term = 0; term < 3; ++term) p[s][term][i] = terms.of[term];
    }
  }
#pragma unroll
  for (int c = 0; c < Tile::kWidth / 16; ++c) {
    float sums[2][4] = {};
#pragma unroll
    for (int s = 0; s < Tile::kKeys / 16; ++s) {
      uint32_t y[Tile::kTerms][4];
#pragma unroll
      for (int term = 0; term < Tile::kTerms; ++term) {
        const int key = term * Tile::kKeys + 16 * s + part % 2 * 8 + lane % 8;
        ldmatrix_x4_transposed(y[term], values + key * Tile::kStride + 16 * c + part / 2 * 8);
      }
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        mma_small_terms<Tile::kTerms>(sums[n], p[s], y, n);
        mma_bf16(sums[n], p[s][0], y[0][2 * n], y[0][2 * n + 1]);
      }
    }
#pragma unroll
    for (int n = 0; n < 2; ++n) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        totals[2 * c + n][e] = fmaf(totals[2 * c + n][e], correction[e / 2], sums[n][e]);
      }
    }
  }
}

// Grid: tile of queries, query head, batch row.
template <DType kType, int kWidth>
__global__ __launch_bounds__((AttentionTile<kType, kWidth>::kThreads)) void tile_attention(TileAttention a,
                                                                                           Placed at) {
  using Tile = AttentionTile<kType, kWidth>;
  JANUS_DYNAMIC_SHARED(shared);
  auto* const queries = reinterpret_cast<uint16_t*>(shared);
  uint16_t* const passing =
      queries + Tile::kQueryTerms * Tile::kQueries * Tile::kStride;  // keys, then values
  const int thread = static_cast<int>(threadIdx.x), b = static_cast<int>(blockIdx.z);
  const int head = static_cast<int>(blockIdx.y), quad = thread % 32 / 4;
  // The last tokens see the most keys: they begin first.
  const int64_t first = int64_t{gridDim.x - 1 - blockIdx.x} * Tile::kQueries;
  const int64_t position = a.causal ? at.positions[b] : 0;
  const int64_t last = first + Tile::kQueries < a.tokens ? first + Tile::kQueries : a.tokens;
  const int64_t keys = a.causal ? position + last : a.tokens;  // that any query of the tile sees
  const int64_t begin = at.starts[b] * a.row_stride + head / a.group * a.head_stride;
  constexpr int64_t kBytes = kType == DType::bf16 ? 2 : 4;

  CachedPiece<kType> next[Tile::kPieces];
  constexpr int kTokensAtOnce = Tile::kThreads / (kWidth / 8);
  const int own = thread / (kWidth / 8), d = thread % (kWidth / 8) * 8;
  const auto fetch = [&](const unsigned char* data, int64_t key) {
    const int left = static_cast<int>(keys - key < Tile::kKeys ? keys - key : Tile::kKeys);
    const unsigned char* from = data + (begin + (key + own) * a.token_stride) * kBytes;
#pragma unroll
    for (int i = 0; i < Tile::kPieces; ++i) {
      if (own + i * kTokensAtOnce < left && d < a.width) {
        next[i].load(from, d, a.width);
      } else {
        next[i].clear();
      }
      from += kTokensAtOnce * a.token_stride * kBytes;
    }
  };
  const auto put = [&] {
#pragma unroll
    for (int i = 0; i < Tile::kPieces; ++i) {
      next[i].store(passing + (own + i * kTokensAtOnce) * Tile::kStride + d, Tile::kKeys * Tile::kStride);
    }
  };

  fetch(a.keys, 0);
  for (int query = own; query < Tile::kQueries; query += kTokensAtOnce) {
    float numbers[8];
    zeros(numbers);
    if (first + query < a.tokens && d < a.width) {
      const float* const from = a.queries + ((b * a.tokens + first + query) * a.heads + head) * a.width;
      Numbers<DType::f32>::load(reinterpret_cast<const unsigned char*>(from), d, a.width, a.width % 8 == 0,
                                numbers);
    }
    store_three_terms(numbers, queries + query * Tile::kStride + d, Tile::kQueries * Tile::kStride);
  }

  const float scale = 1.0F / sqrtf(static_cast<float>(a.width));
  const int64_t row = first + thread / 32 * 16 + quad;  // and 8 behind it
  RunningSoftmax softmax;
  float totals[kWidth / 8][4] = {};
  for (int64_t key = 0; key < keys; key += Tile::kKeys) {
    put();
    __syncthreads();
    fetch(a.values, key);
    float scores[Tile::kKeys / 8][4], correction[2];
    score_keys<Tile>(queries, passing, scores);
    int seen[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int64_t left = (a.causal ? position + row + 8 * r + 1 : a.tokens) - key;
      seen[r] = static_cast<int>(left < Tile::kKeys ? left : Tile::kKeys);
    }
    softmax.add(scores, seen, scale, correction);
    __syncthreads();  // keys have been read
    put();
    __syncthreads();
    if (key + Tile::kKeys < keys) fetch(a.keys, key + Tile::kKeys);
    add_values<Tile>(scores, passing, correction, totals);
    __syncthreads();  // and values
  }
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    float sum = softmax.sums[r];
    sum += __shfl_xor_sync(kAllLanes, sum, 1);
    sum += __shfl_xor_sync(kAllLanes, sum, 2);
    const float inverse = 1.0F / sum;
    const int64_t token = row + 8 * r;
    if (token >= a.tokens) continue;
    float* const to = a.out + ((b * a.tokens + token) * a.heads + head) * a.width;
#pragma unroll
    for (int c = 0; c < kWidth / 8; ++c) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const int column = 8 * c + thread % 4 * 2 + e;
        if (column < a.width) to[column] = totals[c][2 * r + e] * inverse;
      }
    }
  }
}

}  // namespace janus::cuda
