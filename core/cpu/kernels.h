// The vector code of the CPU device as a table of functions, one table an instruction set. All run on the
// calling thread; the .cc files of this folder divide the work.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace janus::cpu {

// A matrix in memory: plain, rows `stride` elements apart; packed, all groups of kPackedRows rows from its
// first on.
struct Matrix {
  DType dtype = DType::f32;
  const void* data = nullptr;
  int64_t stride = 0;
  Layout layout = Layout::plain;

  // Address of an element; of a block format, of the block that begins with it. Of plain ones.
  const std::byte* at(int64_t row, int64_t column) const {
    return static_cast<const std::byte*>(data) + bytes_of(dtype, row * stride + column);
  }
};

// The widest and highest tile of any instruction set, and the most of k that one packed block holds.
inline constexpr int kMaxTileRows = 16;
inline constexpr int kMaxTileColumns = 64;
inline constexpr int64_t kBlockDepth = 512;
// Floats between the rows of the left block of a tile: not a multiple of the distance at which lines of the
// first-level cache collide.
inline constexpr int64_t kTileStride = kBlockDepth + 16;
// Activation rows that every gemv takes at once, and that one in the tiles of a matrix unit does.
inline constexpr int kMaxGemvRows = 8;
inline constexpr int kMaxTileGemvRows = 64;

// The groups of rows and columns in which a matrix unit takes numbers as terms of bf16, and the most of k
// that one has; see simd/terms.h.
inline constexpr int kTermGroupRows = 16;
inline constexpr int64_t kTermDepth = 256;
// Numbers of 2 bytes that a group of `terms` takes.
constexpr int64_t term_group_size(int terms) { return kTermGroupRows * kTermDepth * terms; }

// Floats of scratch memory that the packed activations of gemv need.
constexpr int64_t gemv_floats(int64_t depth, int rows) { return (depth + 255) / 256 * 256 * rows; }

// A product c (= or +=) left right^T in a matrix unit. Groups stand term_group_size apart.
struct TermProduct {
  const uint16_t* left;
  int64_t row_groups;
  int left_terms;
  const uint16_t* right;
  int64_t column_groups;
  int right_terms;
  int64_t depth;  // <= kTermDepth
  bool add;
  float* c;  // [row_groups * group_rows][column_groups * kTermGroupRows], rows c_stride apart
  int64_t c_stride;
  int group_rows = kTermGroupRows;  // rows that a group of `left` has
};

// Products of many rows in the tiles of a matrix unit; see simd/term_gemm.h.
struct TermKernels {
  // `count` <= kTermDepth numbers to row `row` of a left group of 2 or 3 terms.
  void (*split_left_row)(const float* x, int64_t count, int row, int terms, uint16_t* to);
  // 2 terms by 1 or 2, or 3 by 1 or 3.
  void (*multiply)(const TermProduct& product);
  // For hardware_peaks.cc.
  int64_t (*multiply_add)(int64_t rounds, float* result);
};

// Loops that do nothing but read, and what they read at once.
inline constexpr int kReadShapes = 6;
inline constexpr int64_t kReadStep = 1024;  // floats

// Where a tile of 4 x 4 pixels of a convolution's result goes, for up to tile_columns filters.
struct WinogradTile {
  float* out;
  const float* residual;  // added, of the layout of `out`; or null
  const float* bias;      // or null
  int64_t row_stride, pixel_stride;
  int rows, columns;  // that lie inside the image
  int64_t filters;
};

// The steps of a convolution of 3 x 3 taps in tiles of 4 x 4 pixels; see simd/winograd.h. Between them stand
// products of many tiles' inputs with the filters, one a product.
struct WinogradKernels {
  int window;        // inputs that a tile sees each way
  int step;          // inputs between tiles
  int inputs;        // sums of inputs that a tile has
  int products;      // of a tile
  int input_of[36];  // whose left side is this one of the inputs

  // taps [channels][9][tile_columns] -> to[product * product_stride + channel * tile_columns + filter].
  void (*transform_filters)(const float* taps, int64_t channels, float* to, int64_t product_stride);
  // Pixel (y, x) of `window` stands at y * row_stride + x * channels. `lanes` channels from c go to
  // to[input * input_stride + c * tile_rows ..]: left[.. / lanes][tile_rows][lanes] of multiply_tiles.
  void (*transform_input)(const float* window, int64_t row_stride, int64_t channels, float* to,
                          int64_t input_stride);
  // The products of one tile, tile_columns filters each, product_stride apart -> its pixels.
  void (*transform_output)(const float* products, int64_t product_stride, const WinogradTile& tile);
};

// Activations as int16. Of every 256 of depth, with zeros where rows end among them, `rows` rows have 256
// values each, the factor of these, and minus the sums of every 32 times that factor.
struct RoundedRows {
  int16_t* values;    // [blocks][rows][256]
  float* factors;     // [blocks][rows]
  float* minus_sums;  // [blocks][rows][8]
  int64_t rows;

  // In memory of floats(rows, depth).
  RoundedRows(float* memory, int64_t row_count, int64_t depth) : rows(row_count) {
    const int64_t all = blocks(depth) * rows;
    values = reinterpret_cast<int16_t*>(memory);
    factors = memory + all * 128;
    minus_sums = factors + all;
  }
  static int64_t blocks(int64_t depth) { return (depth + 255) / 256; }
  static int64_t floats(int64_t rows, int64_t depth) { return blocks(depth) * rows * (128 + 1 + 8); }
};

// The kernels of one weight type in one layout. What a type has not in a layout is null: panels of floats are
// of plain float types, those of integers of block formats.
struct WeightKernels {
  DType dtype;
  Layout layout = Layout::plain;

  // out[r * out_stride + f] = sum over k of weight[f][k] * x[r][k] (+ bias[f]) for f in [begin, end) and
  // `rows` <= gemv_rows rows. A row's sum does not depend on `rows`. `activations`: the x that
  // pack_activations wrote, gemv_floats of them; two types with the same pack_activations take them from each
  // other, and have the same gemv_rows.
  void (*pack_activations)(const float* x, int64_t x_stride, int64_t depth, int rows, float* activations);
  void (*gemv)(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* activations,
               int rows, const float* bias, float* out, int64_t out_stride);
  int gemv_rows = kMaxGemvRows;
  // The same for the keys of attention, of float types: at most kMaxGemvRows queries, taken as they are.
  void (*pack_queries)(const float* x, int64_t x_stride, int64_t depth, int rows, float* queries) = nullptr;
  void (*score)(const Matrix& keys, int64_t begin, int64_t end, int64_t depth, const float* queries, int rows,
                const float* bias, float* out, int64_t out_stride) = nullptr;

  // Lays `columns` <= tile_columns rows of `from`, k in [begin, end), out as packed[k - begin][tile_columns],
  // with zeros for the columns that are missing.
  void (*pack_transposed)(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                          float* packed) = nullptr;
  // The same for a matrix whose rows are already k: columns [column, column + columns) of its rows [begin,
  // end).
  void (*pack)(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end,
               float* packed) = nullptr;
  // out[r][d] = sum over n of p[r * p_stride + n] * values[n][d].
  void (*weighted_rows)(const Matrix& values, int64_t count, int64_t width, const float* p, int64_t p_stride,
                        int rows, float* out, int64_t out_stride) = nullptr;

  // The integer GEMM; see simd/integer_gemm.h. Elements [begin, begin + 256) of weight rows [row, row +
  // columns) to `panel_floats` floats; zeros for what is missing of tile_columns rows and behind `depth`.
  void (*pack_panel)(const Matrix& weight, int64_t row, int columns, int64_t begin, int64_t depth,
                     float* panel) = nullptr;
  // totals[r][j] += the products of a panel with `count` rows, a multiple of integer_rows: those that stand
  // at `first` and on in x, counted through its blocks. totals: [count][tile_columns].
  void (*add_products)(const float* panel, const RoundedRows& x, int64_t first, int64_t count,
                       float* totals) = nullptr;

  // With a matrix unit: rows [row, row + columns) of the weight, columns <= kTermGroupRows, k in [begin,
  // end), to a right group of `terms`; and the same of a matrix whose rows are already k. Zeros for what is
  // missing. A packed weight's `row` begins a group of its own, and `begin` a block.
  int terms = 0;
  void (*pack_terms)(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                     uint16_t* to) = nullptr;
  void (*pack_terms_by_depth)(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end,
                              uint16_t* to) = nullptr;

  // Plain types: convert `size` elements, whole blocks, to f32, and back where a search for scales is
  // compiled for the instruction set. Every instruction set gives the same bytes.
  void (*to_f32)(const void* from, int64_t size, float* to) = nullptr;
  void (*quantize)(const float* from, int64_t size, void* to) = nullptr;
  // Packed types: convert `size` elements of each of `rows` <= kPackedRows rows, which make one group, from
  // the plain type with rows `stride` elements apart, and to f32.
  void (*pack_rows)(const void* from, int64_t stride, int rows, int64_t size, void* to) = nullptr;
  void (*unpack_rows)(const void* from, int rows, int64_t size, float* to, int64_t stride) = nullptr;
};

struct Kernels {
  const char* name;
  int lanes;  // floats of a vector
  int tile_rows, tile_columns;

  // One entry for each weight type and layout that this instruction set has kernels for.
  const WeightKernels* weights;
  int weight_count;
  // Returns null where there are none.
  const WeightKernels* find(DType dtype, Layout layout) const;
  // Throws Error where there are none.
  const WeightKernels& of(DType dtype, Layout layout = Layout::plain) const;

  // c[r][j] (= or +=) sum over k < depth of left[r * kTileStride + k] * packed[k][j] (+ bias[j]), for the
  // first `rows` rows and `columns` columns of a tile. All tile_rows rows of `left` must be readable.
  void (*tile)(const float* left, const float* packed, int64_t depth, int rows, int columns, bool add,
               const float* bias, float* c, int64_t c_stride);

  // The integer GEMM: activation rows that it takes at once, the size of a panel, and the rounding of a row.
  int integer_rows;
  int64_t panel_floats;
  void (*round_row)(const float* x, int64_t depth, int64_t row, const RoundedRows& to);

  // Null without a matrix unit.
  const TermKernels* terms;

  // A 3 x 3 convolution that keeps the size, and one of an image with each pixel taken twice each way.
  WinogradKernels winograd, winograd_doubled;
  // out[r][j] = sum over k < depth of left[k / lanes][r][k % lanes] * packed[k][j] for a whole tile:
  // left[..][tile_rows][lanes], packed[depth][tile_columns], out[tile_rows][tile_columns].
  void (*winograd_products)(const float* left, const float* packed, int64_t depth, float* out);

  // softmax(x * scale) of one row, in place.
  void (*softmax)(float* x, int64_t size, float scale);
  void (*rms_norm)(const float* x, const float* weight, int64_t width, float eps, float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, int64_t width, float eps,
                     float* out);
  // Sums of `pixels` pixels of `channels` channels: sums[c], and squares[c] of the differences from mean[c].
  void (*channel_sums)(const float* x, int64_t pixels, int64_t channels, float* sums);
  void (*channel_squares)(const float* x, int64_t pixels, int64_t channels, const float* mean,
                          float* squares);
  // out = (x - mean[c]) * scale[c] + bias[c], then times its sigmoid if `silu`.
  void (*channel_scale)(const float* x, int64_t pixels, int64_t channels, const float* mean,
                        const float* scale, const float* bias, bool silu, float* out);

  // out[c] = bias[c] + sum over i < count of pixels[i][c] * taps[i][c].
  void (*depthwise)(const float* const* pixels, const float* const* taps, int64_t count, int64_t channels,
                    const float* bias, float* out);

  void (*add)(const float* x, const float* y, int64_t size, float* out);
  void (*gelu_erf)(const float* x, int64_t size, float* out);
  void (*swiglu)(const float* gate, const float* up, int64_t size, float* out);
  // One head at one position: cosines and sines of half the width.
  void (*rope)(float* head, int64_t width, const float* cosines, const float* sines);

  // For hardware_peaks.cc; see simd/hardware_peaks.h.
  float (*read_all)(const float* x, int64_t size, int shape);  // shape < kReadShapes
  int64_t (*multiply_add)(int64_t rounds, float* result);
  int64_t (*multiply_add_bytes)(int64_t rounds, int32_t* result);
  int64_t (*multiply_add_int16)(int64_t rounds, int32_t* result);
};

// Implements Device::preferred_weight_layout.
inline Layout preferred_weight_layout(const Kernels& kernels, DType dtype, int64_t length) {
  const bool packs = can_pack(dtype, length) && kernels.find(dtype, Layout::packed) != nullptr;
  return packs ? Layout::packed : Layout::plain;
}

// The fastest table this processor can run, or the one the environment variable JANUS_ISA names (baseline,
// avx2, avxvnni, avx512, avx512vnni, amx; for tests). Throws Error for a name that is unknown or beyond the
// machine.
const Kernels& kernels();

}  // namespace janus::cpu
