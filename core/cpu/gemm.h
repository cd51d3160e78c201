// The product of many rows, in blocks; what differs between a linear layer, a convolution and attention is
// where the rows of the left matrix come from.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/thread_pool.h"

namespace janus::cpu {

// Panels of tile_columns columns, each packed for k in [begin, end): floats that all panels of `columns`
// take.
inline int64_t packed_floats(const Kernels& kernels, int64_t columns, int64_t depth) {
  return (columns + kernels.tile_columns - 1) / kernels.tile_columns * kernels.tile_columns * depth;
}

// Packs columns [first, first + columns) of the right matrix, k in [begin, end), panel by panel.
// `transposed`: the rows of `from` are the columns (a weight [F, D]); else they are k. `from` is of a float
// type.
inline void pack_panels(const Kernels& kernels, const Matrix& from, bool transposed, int64_t first,
                        int64_t columns, int64_t begin, int64_t end, float* packed) {
  const WeightKernels& kernel = kernels.of(from.dtype);
  const auto pack = transposed ? kernel.pack_transposed : kernel.pack;
  for (int64_t j = 0; j < columns; j += kernels.tile_columns) {
    const int count = static_cast<int>(std::min<int64_t>(kernels.tile_columns, columns - j));
    pack(from, first + j, count, begin, end, packed);
    packed += kernels.tile_columns * (end - begin);
  }
}

// c[r][j] (= or +=) left rows times packed panels, over one block of k of at most kBlockDepth. load_rows(row,
// count, to) writes `count` rows of the block to `to`, kTileStride apart; `left` is room for tile_rows of
// them.
template <typename LoadRows>
void multiply_panels(const Kernels& kernels, LoadRows load_rows, int64_t rows, const float* packed,
                     int64_t depth, int64_t columns, bool add, const float* bias, float* c, int64_t c_stride,
                     float* left) {
  for (int64_t r = 0; r < rows; r += kernels.tile_rows) {
    const int height = static_cast<int>(std::min<int64_t>(kernels.tile_rows, rows - r));
    load_rows(r, height, left);
    for (int64_t j = 0; j < columns; j += kernels.tile_columns) {
      const int width = static_cast<int>(std::min<int64_t>(kernels.tile_columns, columns - j));
      kernels.tile(left, packed + j * depth, depth, height, width, add, bias == nullptr ? nullptr : bias + j,
                   c + r * c_stride + j, c_stride);
    }
  }
}

// How a product [rows, columns] is cut into pieces, one a call of the body.
struct Blocks {
  int64_t rows, columns;              // of a piece
  int64_t row_blocks, column_blocks;  // pieces each way

  // Pieces as large as their packed columns fit the second-level cache, but enough of them for all threads. A
  // result does not depend on the cut: every element is the sum of the same blocks of k in the same order.
  // Their sizes are multiples of the units.
  static Blocks cut(int64_t row_unit, int64_t column_unit, int64_t rows, int64_t columns, int threads) {
    Blocks blocks{};
    blocks.rows = std::min<int64_t>(rows, kMaxRows / row_unit * row_unit);
    blocks.columns = std::min<int64_t>(kMaxColumns, columns);
    for (;;) {
      blocks.row_blocks = (rows + blocks.rows - 1) / blocks.rows;
      blocks.column_blocks = (columns + blocks.columns - 1) / blocks.columns;
      const int64_t pieces = blocks.row_blocks * blocks.column_blocks;
      if (pieces % threads == 0 || pieces >= 4 * threads) return blocks;
      if (blocks.columns > 2 * column_unit) {
        blocks.columns = halve(blocks.columns, column_unit);
      } else if (blocks.rows > 4 * row_unit) {
        blocks.rows = halve(blocks.rows, row_unit);
      } else {
        return blocks;
      }
    }
  }

 private:
  static constexpr int64_t kMaxRows = 1536, kMaxColumns = 256;

  static int64_t halve(int64_t size, int64_t unit) { return (size / 2 + unit - 1) / unit * unit; }
};

// out[rows, columns] = left weight^T + bias on all threads. load_row(r, begin, end, to) writes k in [begin,
// end) of row r of the left matrix [rows, depth].
template <typename LoadRow>
void multiply(const Kernels& kernels, const ThreadPool& thread_pool, int64_t rows, int64_t depth,
              LoadRow load_row, const Matrix& weight, int64_t columns, const float* bias, float* out) {
  const Blocks blocks =
      Blocks::cut(kernels.tile_rows, kernels.tile_columns, rows, columns, thread_pool.threads());
  thread_pool.parallel_for(blocks.row_blocks * blocks.column_blocks, [&](int64_t begin, int64_t end) {
    float* packed = scratch(0, packed_floats(kernels, blocks.columns, kBlockDepth));
    float* left = scratch(1, kMaxTileRows * kTileStride);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i % blocks.row_blocks * blocks.rows;
      const int64_t column = i / blocks.row_blocks * blocks.columns;
      const int64_t height = std::min(blocks.rows, rows - row),
                    width = std::min(blocks.columns, columns - column);
      for (int64_t k = 0; k < depth; k += kBlockDepth) {
        const int64_t k_end = std::min(depth, k + kBlockDepth);
        pack_panels(kernels, weight, true, column, width, k, k_end, packed);
        const auto load_rows = [&](int64_t r, int count, float* to) {
          for (int j = 0; j < count; ++j) load_row(row + r + j, k, k_end, to + j * kTileStride);
        };
        multiply_panels(kernels, load_rows, height, packed, k_end - k, width, k > 0,
                        k == 0 && bias != nullptr ? bias + column : nullptr, out + row * columns + column,
                        columns, left);
      }
    }
  });
}

}  // namespace janus::cpu
