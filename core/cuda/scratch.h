// Sizes of what kernels take beside their operands. The operations allocate by these, and CudaDryDevice
// counts by these; no header of CUDA is needed, since the program counts without the module.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/tensor/tensor.h"

namespace janus::cuda {

constexpr int64_t divide_up(int64_t count, int64_t size) { return (count + size - 1) / size; }

// -- activations in two terms of bf16
// -------------------------------------------------------------------------

constexpr int64_t kGemvStep = 32;  // of the depth

// Elements of a row of terms: zeros stand behind the depth.
constexpr int64_t split_depth(int64_t depth) { return divide_up(depth, kGemvStep) * kGemvStep; }
// The bytes of both terms of [rows, depth].
constexpr size_t split_bytes(int64_t rows, int64_t depth) {
  return 2 * sizeof(uint16_t) * static_cast<size_t>(rows * split_depth(depth));
}

// -- linear layers
// --------------------------------------------------------------------------------------------

constexpr int kGemvRows = 16;  // weight rows of a tile of a gemv
constexpr int kPanelRows = 8;  // weight rows that lie together where they are packed

// Whether whole 16-byte loads of eight elements of a matrix are aligned everywhere. The *_k and q8_0 fit any
// depth that they can have: their loads ask for less.
inline bool is_wide(const Tensor& matrix) {
  return is_quantized(matrix.dtype()) ||
         (reinterpret_cast<uintptr_t>(matrix.raw()) % 16 == 0 &&
          bytes_of(matrix.dtype(), matrix.row_stride()) % 16 == 0 && matrix.size(1) % 8 == 0);
}

// Whether a gemv on tensor cores can read a weight; it takes activations in terms.
inline bool is_gemv_weight(const Tensor& weight) {
  const bool is_short = weight.dtype() == DType::bf16 || weight.dtype() == DType::f16;
  return weight.layout() == Layout::packed || (is_short && is_wide(weight));
}

// Products that cuBLASLt gets: by the weight alone, never by the number of rows, since a row must not change
// its bits with the others. Smaller ones fill no GPU, whoever does them.
constexpr bool is_blas_gemm(DType type, int64_t columns, int64_t depth) {
  constexpr int64_t kLeast = int64_t{1} << 20;
  return (type == DType::bf16 || type == DType::f32) && columns % 8 == 0 && depth % 8 == 0 &&
         columns * depth >= kLeast;
}

// -- convolutions
// ---------------------------------------------------------------------------------------------

// Whether tensor cores do it (conv_gemm.h), for which the input is cut into terms: a step of the product
// is of one tap.
constexpr bool is_split_conv(DType filters, int64_t channels) {
  return filters != DType::f32 && channels % 32 == 0;
}
// Filters in the order of the product: f16 in two terms of bf16 where tensor cores take them.
inline size_t ordered_filter_bytes(DType filters, int64_t channels, int64_t count) {
  const size_t bytes = size_of(filters) * static_cast<size_t>(count);
  return filters == DType::f16 && is_split_conv(filters, channels) ? 2 * bytes : bytes;
}

// Filters of one channel each, in f32 with the channels next to each other.
constexpr size_t channel_tap_bytes(int64_t count) { return sizeof(float) * static_cast<size_t>(count); }

// -- norms of images
// -----------------------------------------------------------------------------------------------

// Pixels whose sums are taken in f32 before they are joined in double; many blocks share an image, since a
// block a group would leave most of the GPU idle.
constexpr int64_t kChunkPixels = 64;

// Mean and sum of squared differences of `count` elements.
struct Moments {
  double count, mean, squares;
};

constexpr size_t moment_bytes(int64_t images, int64_t pixels, int64_t groups) {
  return sizeof(Moments) * static_cast<size_t>(images * groups * divide_up(pixels, kChunkPixels));
}
// A mean and a factor a channel.
constexpr size_t channel_scale_bytes(int64_t images, int64_t channels) {
  return 2 * sizeof(float) * static_cast<size_t>(images * channels);
}
// The sum of squares of every channel over every chunk.
constexpr size_t channel_square_bytes(int64_t images, int64_t pixels, int64_t channels) {
  return sizeof(float) * static_cast<size_t>(images * channels * divide_up(pixels, kChunkPixels));
}

// -- attention
// ------------------------------------------------------------------------------------------------

// Tokens of the context that one block of a one-token attention looks at. A row's cut depends on its own
// length alone, so its bits do too.
constexpr int kContextPart = 64;

constexpr int64_t context_parts(int64_t length) { return (length + kContextPart - 1) / kContextPart; }

// What the blocks of one (batch row, query head) leave for the last of them: for every part the largest
// score, the sum of exponentials and the weighted sum of values.
struct PartShape {
  int64_t heads, parts, width;  // query heads, most parts of any row

  constexpr int64_t place(int64_t batch_row, int64_t head, int64_t part) const {
    return ((batch_row * heads + head) * parts + part) * (width + 2);
  }
  constexpr int64_t floats(int64_t batch) const { return place(batch, 0, 0); }
};

// Where the rows of a batch stand goes by value to a kernel: so many at a time.
constexpr int kPlaced = 64;

// Widest head whose attention of many tokens is one kernel; the scores of wider ones go through memory.
constexpr int64_t kMostTileWidth = 128;

// Queries of a row whose scores are held at once, by the bytes that they may take. Queries beyond wait: rows
// of a product do not depend on each other.
constexpr int64_t score_queries(int64_t heads, int64_t tokens, int64_t keys) {
  constexpr int64_t kMostBytes = int64_t{256} << 20;
  const int64_t most = kMostBytes / 4 / (heads * keys);
  return std::min(tokens, std::max<int64_t>(1, most));
}
constexpr size_t score_bytes(int64_t heads, int64_t tokens, int64_t keys) {
  return sizeof(float) * static_cast<size_t>(heads * score_queries(heads, tokens, keys) * keys);
}

}  // namespace janus::cuda
