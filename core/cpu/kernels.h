// The vector code of the CPU device as a table of functions, one table an instruction set. All run on the
// calling thread; the .cc files of this folder divide the work.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace janus::cpu {

// A matrix in memory: rows `stride` elements apart; in lanes, all groups of kLaneRows rows from its first on.
struct Matrix {
  DType dtype = DType::f32;
  const void* data = nullptr;
  int64_t stride = 0;

  // Address of an element; of a block format, of the block that begins with it.
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
// Rows that few_rows takes at once.
inline constexpr int kMaxFewRows = 8;

// Floats of scratch memory that few_rows needs.
constexpr int64_t few_rows_floats(int64_t depth, int rows) { return (depth + 255) / 256 * 256 * rows; }

constexpr bool same_packing(DType a, DType b) { return a == b || (in_lanes(a) && in_lanes(b)); }

// Where a tile of 4 x 4 pixels of a convolution's result goes, for up to tile_columns filters.
struct WinogradTile {
  float* out;
  const float* residual;  // added, of the layout of `out`; or null
  const float* bias;      // or null
  int64_t row_stride, pixel_stride;
  int rows, columns;  // that lie inside the picture
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

// Activations as words of 16 bits. Of every 256 of depth, with zeros where rows end among them, `rows` rows
// have 256 words each, the factor of these, and minus the sums of every 32 times that factor.
struct RoundedRows {
  int16_t* words;     // [blocks][rows][256]
  float* factors;     // [blocks][rows]
  float* minus_sums;  // [blocks][rows][8]
  int64_t rows;

  // In memory of floats(rows, depth).
  RoundedRows(float* memory, int64_t row_count, int64_t depth) : rows(row_count) {
    const int64_t all = blocks(depth) * rows;
    words = reinterpret_cast<int16_t*>(memory);
    factors = memory + all * 128;
    minus_sums = factors + all;
  }
  static int64_t blocks(int64_t depth) { return (depth + 255) / 256; }
  static int64_t floats(int64_t rows, int64_t depth) { return blocks(depth) * rows * (128 + 1 + 8); }
};

struct Kernels {
  const char* name;
  int lanes;  // floats of a vector
  int tile_rows, tile_columns;

  // out[r * out_stride + f] = sum over k of weight[f][k] * x[r * x_stride + k] (+ bias[f]) for f in [begin,
  // end) and `rows` <= kMaxFewRows rows. A row's sum does not depend on `rows`.
  void (*few_rows)(const Matrix& weight, int64_t begin, int64_t end, int64_t depth, const float* x,
                   int64_t x_stride, int rows, const float* bias, float* out, int64_t out_stride,
                   float* packed);
  // Its two halves, for several products of the same rows: where same_packing says so, rows packed for one
  // type of weight serve another. Writes few_rows_floats of `packed`.
  void (*pack_rows)(DType weight, const float* x, int64_t x_stride, int64_t depth, int rows, float* packed);
  void (*few_packed_rows)(const Matrix& weight, int64_t begin, int64_t end, int64_t depth,
                          const float* packed, int rows, const float* bias, float* out, int64_t out_stride);

  // Whether these kernels take weights in lanes, and are faster so. If not, the next two are null.
  bool has_lanes;
  // `size` numbers, whole blocks in lanes, of each of `rows` <= kLaneRows rows that make one group: from the
  // type as stored, rows `stride` numbers apart; and to f32.
  void (*to_lanes)(DType from_type, const void* from, int64_t stride, int rows, int64_t size, void* to);
  void (*widen_lanes)(DType from_type, const void* from, int rows, int64_t size, float* to, int64_t stride);

  // Lays `columns` <= tile_columns rows of `from`, k in [begin, end), out as packed[k - begin][tile_columns],
  // with zeros for the columns that are missing.
  void (*pack_transposed)(const Matrix& from, int64_t row, int columns, int64_t begin, int64_t end,
                          float* packed);
  // The same for a matrix whose rows are already k: columns [column, column + columns) of its rows [begin,
  // end).
  void (*pack)(const Matrix& from, int64_t column, int columns, int64_t begin, int64_t end, float* packed);
  // c[r][j] (= or +=) sum over k < depth of left[r * kTileStride + k] * packed[k][j] (+ bias[j]), for the
  // first `rows` rows and `columns` columns of a tile. All tile_rows rows of `left` must be readable.
  void (*tile)(const float* left, const float* packed, int64_t depth, int rows, int columns, bool add,
               const float* bias, float* c, int64_t c_stride);

  // The product of many rows with weights in a block format, in whole numbers; see simd/whole_products.h.
  // Rows are taken `whole_rows` at once, weight rows tile_columns.
  int whole_rows;
  int64_t panel_floats;
  void (*round_row)(const float* x, int64_t depth, int64_t row, const RoundedRows& to);
  // Numbers [begin, begin + 256) of weight rows [row, row + columns) to `panel_floats` floats; zeros for what
  // is missing of tile_columns rows and behind `depth`.
  void (*pack_panel)(const Matrix& weight, int64_t row, int columns, int64_t begin, int64_t depth,
                     float* panel);
  // totals[r][j] += the products of a panel with `count` rows, a multiple of whole_rows: those that stand at
  // `first` and on in x, counted through its blocks. totals: [count][tile_columns].
  void (*add_products)(DType weight, const float* panel, const RoundedRows& x, int64_t first, int64_t count,
                       float* totals);

  // A 3 x 3 convolution that keeps the size, and one of a picture with each pixel taken twice each way.
  WinogradKernels winograd, winograd_doubled;
  // out[r][j] = sum over k < depth of left[k / lanes][r][k % lanes] * packed[k][j] for a whole tile:
  // left[..][tile_rows][lanes], packed[depth][tile_columns], out[tile_rows][tile_columns].
  void (*winograd_products)(const float* left, const float* packed, int64_t depth, float* out);

  // softmax(x * scale) of one row, in place.
  void (*softmax)(float* x, int64_t size, float scale);
  // out[r][d] = sum over n of p[r * p_stride + n] * values[n][d].
  void (*weighted_rows)(const Matrix& values, int64_t count, int64_t width, const float* p, int64_t p_stride,
                        int rows, float* out, int64_t out_stride);

  void (*rms_norm)(const float* x, const float* weight, int64_t width, float eps, float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, int64_t width, float eps,
                     float* out);
  // Sums of `pixels` pixels of `channels` channels: sums[c], and squares[c] of the differences from mean[c].
  void (*channel_sums)(const float* x, int64_t pixels, int64_t channels, float* sums);
  void (*channel_squares)(const float* x, int64_t pixels, int64_t channels, const float* mean,
                          float* squares);
  // out = (x - mean[c]) * scale[c] + bias[c], then times its sigmoid if `swish`.
  void (*channel_scale)(const float* x, int64_t pixels, int64_t channels, const float* mean,
                        const float* scale, const float* bias, bool swish, float* out);

  void (*add)(const float* x, const float* y, int64_t size, float* out);
  void (*gelu_erf)(const float* x, int64_t size, float* out);
  void (*swiglu)(const float* gate, const float* up, int64_t size, float* out);
  // One head at one position: cosines and sines of half the width.
  void (*rope)(float* head, int64_t width, const float* cosines, const float* sines);
  // `size` numbers to a *_k type; the same bytes from every instruction set.
  void (*quantize)(DType to_type, const float* from, int64_t size, void* to);
  // `size` numbers of any weight type but those in lanes, whole blocks.
  void (*widen)(DType from_type, const void* from, int64_t size, float* to);

  // For probe.cc; see simd/probe.h.
  float (*read_all)(const float* x, int64_t size);
  int64_t (*multiply_add)(int64_t rounds, float* result);
  int64_t (*multiply_add_bytes)(int64_t rounds, int32_t* result);
  int64_t (*multiply_add_words)(int64_t rounds, int32_t* result);
};

// As Device has it.
inline DType product_type(const Kernels& kernels, DType stored, int64_t length) {
  return kernels.has_lanes ? lanes_of(stored, length) : stored;
}

// The fastest table this processor can run, or the one the environment variable JANUS_ISA names (baseline,
// avx2, avxvnni, avx512, avx512vnni; for tests). Throws Error for a name that is unknown or beyond the
// processor.
const Kernels& kernels();

}  // namespace janus::cpu
