// gemm in tiles, for products of many rows (gemv.h has those of few): out[row, column] = sum over k of
// left[row, k] right[column, k]. What the rows and columns are is told by small structs (dense rows, weights
// of a type, pixels under a convolution's kernel, keys and values of a cache), so one kernel serves linear
// layers, convolutions and attention.
//
// An element's sum runs over k from the first to the last whatever tile it stands in, so its bits depend on
// its own row and column alone.
#pragma once

#include "core/cuda/launch.h"
#include "core/cuda/packed_blocks.h"

namespace janus::cuda {

// -- what rows are: load() gives elements k to k + 8 of a row, zeros outside --------------------------------

// f32, rows `stride` elements apart; entry z of a batch begins z * batch_stride later.
struct DenseRows {
  static constexpr bool kAcross = false;  // neighbours in memory are of one row
  static constexpr int kTerms = 2;
  const float* data;
  int64_t stride, batch_stride, rows, depth;
  bool wide;

  __device__ void enter(int z) { data += z * batch_stride; }
  __device__ __forceinline__ void load(int64_t row, int64_t k, float (&to)[8]) const {
    if (row >= rows) return zeros(to);
    Elements<DType::f32>::load(reinterpret_cast<const unsigned char*>(data + row * stride), k, depth, wide,
                               to);
  }
};

// Whether elements of a type are numbers of bf16: a small integer times a power of two is.
template <DType kType>
constexpr bool has_one_term() {
  if constexpr (kIsNibbles<kType>) return kScaleBytes<kType> == 1;
  return kType == DType::bf16;
}
// Whether they have 18 bits, an integer of 7 times one of f16 of 11, so that two terms lose some of each:
// then the product of both low terms is added, too, which else is about as much as they lose.
template <DType kType>
constexpr bool has_long_elements() {
  if constexpr (kIsNibbles<kType>) return !has_one_term<kType>() && !has_linear_table<Block<kType>>();
  return false;
}

// The rows of a weight. `shared` entries of a batch read the same matrix (query heads one key head).
template <DType kType, Layout kLayout = Layout::plain>
struct WeightRows {
  static constexpr bool kAcross = false;
  static constexpr int kTerms = has_one_term<kType>() ? 1 : 2;
  static constexpr bool kLowByLow = has_long_elements<kType>();
  MatrixView view;
  int64_t rows, batch_bytes = 0;
  int shared = 1;

  __device__ void enter(int z) { view.data += z / shared * batch_bytes; }
  __device__ __forceinline__ void load(int64_t row, int64_t k, float (&to)[8]) const {
    if (row >= rows) return zeros(to);
    load_elements<kType, kLayout>(view, row, k, to);
  }
};

// The columns of a matrix [depth, rows] of a float type: row r is its column r.
template <DType kType>
struct MatrixColumns {
  static constexpr bool kAcross = true;
  static constexpr int kTerms = kType == DType::bf16 ? 1 : 2;
  static constexpr bool kLowByLow = false;
  const unsigned char* data;
  int64_t stride, batch_bytes;  // elements between the matrix's rows
  int64_t rows, depth;
  int shared = 1;

  __device__ void enter(int z) { data += z / shared * batch_bytes; }
  __device__ __forceinline__ void load(int64_t row, int64_t k, float (&to)[8]) const {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const bool inside = row < rows && k + i < depth;
      const int64_t at = (k + i) * stride + row;
      if constexpr (kType == DType::f32) {
        to[i] = inside ? reinterpret_cast<const float*>(data)[at] : 0.0F;
      } else {
        to[i] = inside ? from_bf16(reinterpret_cast<const uint16_t*>(data)[at]) : 0.0F;
      }
    }
  }
};

struct GemmOutput {
  float* data;
  int64_t stride, batch_stride;
  const float* bias;  // one a column, or null
};

// Which eight elements a thread carries to shared memory: of row `row` from `k` on.
struct Piece {
  int row, k;
};
// Piece `index` of a tile of kRows x kDepth; `across` where neighbours in memory are of neighbouring rows.
template <int kRows, int kDepth>
__host__ __device__ constexpr Piece piece_of(int index, bool across) {
  if (across) return {index % kRows, index / kRows * 8};
  return {index / (kDepth / 8), index % (kDepth / 8) * 8};
}

// Sums of many elements lose less where parts of so many are added up first.
constexpr int64_t kSumPart = 256;

// -- in f32 -------------------------------------------------------------------------------------------------

// A tile of 64 x 64 by 256 threads, 4 x 4 each, 16 deep.
struct F32Tile {
  static constexpr int kRows = 64, kColumns = 64, kDepth = 16, kThreads = 256;
};

template <class Left, class Right>
__global__ __launch_bounds__(256) void f32_gemm(Left left, Right right, GemmOutput out, int64_t rows,
                                                int64_t columns, int64_t depth) {
  constexpr int kStride = F32Tile::kRows + 4, kPieces = F32Tile::kRows * F32Tile::kDepth / 8;
  __shared__ __align__(16) float a[F32Tile::kDepth][kStride];
  __shared__ __align__(16) float b[F32Tile::kDepth][kStride];
  const int64_t first_row = int64_t{blockIdx.x} * F32Tile::kRows;
  const int64_t first_column = int64_t{blockIdx.y} * F32Tile::kColumns;
  const int thread = static_cast<int>(threadIdx.x), z = static_cast<int>(blockIdx.z);
  left.enter(z);
  right.enter(z);
  const bool is_left = thread < kPieces;
  const Piece piece =
      piece_of<F32Tile::kRows, F32Tile::kDepth>(thread % kPieces, is_left ? Left::kAcross : Right::kAcross);
  const int row = thread / 16 * 4, column = thread % 16 * 4;
  float sums[4][4] = {}, totals[4][4] = {};
  const auto close_part = [&] {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        totals[r][c] += sums[r][c];
        sums[r][c] = 0.0F;
      }
    }
  };
  float next[8];
  const auto fetch = [&](int64_t k) {
    if (is_left) {
      left.load(first_row + piece.row, k + piece.k, next);
    } else {
      right.load(first_column + piece.row, k + piece.k, next);
    }
  };
  fetch(0);
  for (int64_t k = 0; k < depth; k += F32Tile::kDepth) {
    float(*to)[kStride] = is_left ? a : b;
#pragma unroll
    for (int i = 0; i < 8; ++i) to[piece.k + i][piece.row] = next[i];
    __syncthreads();
    if (k + F32Tile::kDepth < depth) fetch(k + F32Tile::kDepth);
#pragma unroll
    for (int i = 0; i < F32Tile::kDepth; ++i) {
      const float4 x = *reinterpret_cast<const float4*>(&a[i][row]);
      const float4 y = *reinterpret_cast<const float4*>(&b[i][column]);
      const float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
      for (int r = 0; r < 4; ++r) {
#pragma unroll
        for (int c = 0; c < 4; ++c) sums[r][c] = fmaf(xs[r], ys[c], sums[r][c]);
      }
    }
    if ((k + F32Tile::kDepth) % kSumPart == 0) close_part();
    __syncthreads();
  }
  close_part();
  float* const to = out.data + z * out.batch_stride;
#pragma unroll
  for (int r = 0; r < 4; ++r) {
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      const int64_t i = first_row + row + r, j = first_column + column + c;
      if (i < rows && j < columns)
        to[i * out.stride + j] = totals[r][c] + (out.bias == nullptr ? 0.0F : out.bias[j]);
    }
  }
}

// -- on tensor cores ----------------------------------------------------------------------------------------

// Both sides as sums of one or two elements of bf16 (two_terms), products of the small parts left out: exact
// to about 2^-16 of a product, added in f32.
template <int kWarpsDown_, int kWarpsAcross_, int kRowTiles_>
struct SplitTile {
  static constexpr int kWarpsDown = kWarpsDown_, kWarpsAcross = kWarpsAcross_;
  static constexpr int kRowTiles = kRowTiles_, kColumnTiles = 4;  // of a warp: 16 rows, 8 columns
  static constexpr int kRows = kWarpsDown * kRowTiles * 16, kColumns = kWarpsAcross * kColumnTiles * 8;
  static constexpr int kDepth = 32, kThreads = kWarpsDown * kWarpsAcross * 32;
  // A row of shared memory, in elements: 80 bytes, so that eight rows' 16 bytes lie in different banks.
  static constexpr int kStride = kDepth + 8;
  // Where the calling thread's warp has its part.
  __device__ __forceinline__ static int warp_row() {
    return static_cast<int>(threadIdx.x) / 32 / kWarpsAcross * kRowTiles * 16;
  }
  __device__ __forceinline__ static int warp_column() {
    return static_cast<int>(threadIdx.x) / 32 % kWarpsAcross * kColumnTiles * 8;
  }
};
using LargeTile = SplitTile<2, 4, 4>;  // 128 x 128, 8 warps
using SmallTile = SplitTile<2, 2, 2>;  // 64 x 64, 4 warps
using TallTile = SplitTile<4, 1, 2>;   // 128 x 32, 4 warps

// Sums of a warp's part of a tile, lane by lane as mma_bf16 has them, and parts of them that are closed:
// tensor cores cut off what does not fit under a sum's last bit, so long sums would be too small.
template <class Tile>
struct SplitSums {
  float open[Tile::kRowTiles][Tile::kColumnTiles][4] = {},
        closed[Tile::kRowTiles][Tile::kColumnTiles][4] = {};

  __device__ __forceinline__ void close_part() {
#pragma unroll
    for (int i = 0; i < Tile::kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < Tile::kColumnTiles; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          closed[i][j][e] += open[i][j][e];
          open[i][j][e] = 0.0F;
        }
      }
    }
  }

  // Adds the products of kDepth elements in shared memory: a two terms of Tile::kRows rows, b kTerms of
  // Tile::kColumns, one term after another.
  template <int kTerms, bool kLowByLow = false>
  __device__ __forceinline__ void add(const uint16_t* a, const uint16_t* b) {
    const int lane = static_cast<int>(threadIdx.x) % 32, part = lane / 8;  // of ldmatrix's four
#pragma unroll
    for (int step = 0; step < Tile::kDepth; step += 16) {
      uint32_t y[kTerms][Tile::kColumnTiles / 2][4];
#pragma unroll
      for (int term = 0; term < kTerms; ++term) {
#pragma unroll
        for (int j = 0; j < Tile::kColumnTiles / 2; ++j) {
          const int column = term * Tile::kColumns + Tile::warp_column() + 16 * j + part / 2 * 8 + lane % 8;
          ldmatrix_x4(y[term][j], b + column * Tile::kStride + step + part % 2 * 8);
        }
      }
#pragma unroll
      for (int i = 0; i < Tile::kRowTiles; ++i) {
        const int at =
            (Tile::warp_row() + 16 * i + part % 2 * 8 + lane % 8) * Tile::kStride + step + part / 2 * 8;
        uint32_t high[4], low[4];
        ldmatrix_x4(high, a + at);
        ldmatrix_x4(low, a + Tile::kRows * Tile::kStride + at);
#pragma unroll
        for (int j = 0; j < Tile::kColumnTiles; ++j) {
          const uint32_t(&h)[4] = y[0][j / 2];
          mma_bf16(open[i][j], high, h[j % 2 * 2], h[j % 2 * 2 + 1]);
          mma_bf16(open[i][j], low, h[j % 2 * 2], h[j % 2 * 2 + 1]);
          if constexpr (kTerms == 2) {
            const uint32_t(&l)[4] = y[1][j / 2];
            mma_bf16(open[i][j], high, l[j % 2 * 2], l[j % 2 * 2 + 1]);
            if constexpr (kLowByLow) mma_bf16(open[i][j], low, l[j % 2 * 2], l[j % 2 * 2 + 1]);
          }
        }
      }
    }
  }

  // Calls body(row, column, sums of column and the next), counted from the tile's first.
  template <typename Body>
  __device__ __forceinline__ void each_pair(const Body& body) const {
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int i = 0; i < Tile::kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < Tile::kColumnTiles; ++j) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          body(Tile::warp_row() + 16 * i + lane / 4 + 8 * r, Tile::warp_column() + 8 * j + lane % 4 * 2,
               closed[i][j][2 * r], closed[i][j][2 * r + 1]);
        }
      }
    }
  }
};

template <class Tile, class Left, class Right>
__global__ __launch_bounds__(Tile::kThreads) void split_gemm(Left left, Right right, GemmOutput out,
                                                             int64_t rows, int64_t columns, int64_t depth) {
  constexpr int kLeftPieces = Tile::kRows * Tile::kDepth / 8 / Tile::kThreads;
  constexpr int kRightPieces = Tile::kColumns * Tile::kDepth / 8 / Tile::kThreads;
  constexpr bool kSplitRight = Right::kTerms == 2;
  __shared__ __align__(16) uint16_t a[2 * Tile::kRows * Tile::kStride];
  __shared__ __align__(16) uint16_t b[Right::kTerms * Tile::kColumns * Tile::kStride];
  const int64_t first_row = int64_t{blockIdx.x} * Tile::kRows;
  const int64_t first_column = int64_t{blockIdx.y} * Tile::kColumns;
  const int thread = static_cast<int>(threadIdx.x), z = static_cast<int>(blockIdx.z);
  left.enter(z);
  right.enter(z);

  float next_left[kLeftPieces][8], next_right[kRightPieces][8];
  const auto fetch = [&](int64_t k) {
#pragma unroll
    for (int i = 0; i < kLeftPieces; ++i) {
      const Piece piece = piece_of<Tile::kRows, Tile::kDepth>(thread + i * Tile::kThreads, Left::kAcross);
      left.load(first_row + piece.row, k + piece.k, next_left[i]);
    }
#pragma unroll
    for (int i = 0; i < kRightPieces; ++i) {
      const Piece piece = piece_of<Tile::kColumns, Tile::kDepth>(thread + i * Tile::kThreads, Right::kAcross);
      right.load(first_column + piece.row, k + piece.k, next_right[i]);
    }
  };
  const auto put = [&] {
#pragma unroll
    for (int i = 0; i < kLeftPieces; ++i) {
      const Piece piece = piece_of<Tile::kRows, Tile::kDepth>(thread + i * Tile::kThreads, Left::kAcross);
      const int at = piece.row * Tile::kStride + piece.k;
      store_terms(next_left[i], a + at, a + Tile::kRows * Tile::kStride + at);
    }
#pragma unroll
    for (int i = 0; i < kRightPieces; ++i) {
      const Piece piece = piece_of<Tile::kColumns, Tile::kDepth>(thread + i * Tile::kThreads, Right::kAcross);
      const int at = piece.row * Tile::kStride + piece.k;
      store_terms(next_right[i], b + at, kSplitRight ? b + Tile::kColumns * Tile::kStride + at : nullptr);
    }
  };

  SplitSums<Tile> sums;
  fetch(0);
  for (int64_t k = 0; k < depth; k += Tile::kDepth) {
    put();
    __syncthreads();
    if (k + Tile::kDepth < depth) fetch(k + Tile::kDepth);
    sums.template add<Right::kTerms, Right::kLowByLow>(a, b);
    if ((k + Tile::kDepth) % kSumPart == 0) sums.close_part();
    __syncthreads();
  }
  sums.close_part();
  float* const to = out.data + z * out.batch_stride;
  sums.each_pair([&](int i, int j, float first, float second) {
    const int64_t row = first_row + i, column = first_column + j;
    const float values[2] = {first, second};
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      if (row < rows && column + e < columns) {
        to[row * out.stride + column + e] = values[e] + (out.bias == nullptr ? 0.0F : out.bias[column + e]);
      }
    }
  });
}

// -- starting them ------------------------------------------------------------------------------------------

struct GemmShape {
  int64_t rows, columns, depth;
  int batch = 1;
};

template <class Tile>
dim3 grid_of(const GemmShape& shape) {
  return {static_cast<unsigned>(divide_up(shape.rows, Tile::kRows)),
          static_cast<unsigned>(divide_up(shape.columns, Tile::kColumns)),
          static_cast<unsigned>(shape.batch)};
}

template <class Left, class Right>
void run_f32_gemm(cudaStream_t stream, const GemmShape& shape, const Left& left, const Right& right,
                  const GemmOutput& out) {
  launch(stream, {.grid = grid_of<F32Tile>(shape), .threads = F32Tile::kThreads}, f32_gemm<Left, Right>, left,
         right, out, shape.rows, shape.columns, shape.depth);
}

// Large tiles are enough with one for every multiprocessor of an H200.
constexpr unsigned kEnoughBlocks = 132;

template <class Left, class Right>
void run_split_gemm(cudaStream_t stream, const GemmShape& shape, const Left& left, const Right& right,
                    const GemmOutput& out) {
  const dim3 large = grid_of<LargeTile>(shape);
  if (large.x * large.y * large.z >= kEnoughBlocks) {
    launch(stream, {.grid = large, .threads = LargeTile::kThreads}, split_gemm<LargeTile, Left, Right>, left,
           right, out, shape.rows, shape.columns, shape.depth);
  } else {
    launch(stream, {.grid = grid_of<SmallTile>(shape), .threads = SmallTile::kThreads},
           split_gemm<SmallTile, Left, Right>, left, right, out, shape.rows, shape.columns, shape.depth);
  }
}

}  // namespace janus::cuda
