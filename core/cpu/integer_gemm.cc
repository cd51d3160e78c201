#include "core/cpu/integer_gemm.h"

#include <algorithm>

namespace janus::cpu {
namespace {

constexpr int64_t kMaxRows = 1024;

int64_t round_up(int64_t size, int64_t unit) { return (size + unit - 1) / unit * unit; }

// Rows rounded once for all weights, on all threads, with rows of zeros to a multiple of integer_rows.
RoundedRows round_rows(const Kernels& kernels, const ThreadPool& thread_pool, const float* x, int64_t rows,
                       int64_t depth) {
  const int64_t padded = round_up(rows, kernels.integer_rows);
  const RoundedRows rounded(scratch(3, RoundedRows::floats(padded, depth)), padded, depth);
  thread_pool.parallel_for(padded, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < std::min(end, rows); ++r) {
      kernels.round_row(x + r * depth, depth, r, rounded);
    }
    for (int64_t r = std::max(begin, rows); r < end; ++r) {
      for (int64_t block = 0; block < RoundedRows::blocks(depth); ++block) {
        const int64_t place = block * padded + r;
        std::fill_n(rounded.values + place * 256, 256, int16_t{0});
        std::fill_n(rounded.minus_sums + place * 8, 8, 0.0F);
        rounded.factors[place] = 0.0F;
      }
    }
  });
  return rounded;
}

// One panel's columns of the product, for rows [first, first + height) of `rows` real ones.
struct Piece {
  int64_t first, height, rows;
  int64_t column;
  int count;  // of columns
};

void multiply_piece(const Kernels& kernels, const Piece& piece, const RoundedRows& x, int64_t depth,
                    const Matrix& weight, const float* bias, float* out, int64_t out_stride) {
  const WeightKernels& weights = kernels.of(weight.dtype, weight.layout);
  const int64_t tile = kernels.tile_columns;
  float* panel = scratch(0, kernels.panel_floats);
  float* totals = scratch(1, piece.height * tile);
  std::fill_n(totals, piece.height * tile, 0.0F);
  for (int64_t r = 0; bias != nullptr && r < piece.height; ++r) {
    std::copy_n(bias + piece.column, piece.count, totals + r * tile);
  }
  for (int64_t block = 0; block < RoundedRows::blocks(depth); ++block) {
    weights.pack_panel(weight, piece.column, piece.count, block * 256, depth, panel);
    weights.add_products(panel, x, block * x.rows + piece.first, piece.height, totals);
  }
  const int64_t end = std::min(piece.first + piece.height, piece.rows);
  for (int64_t r = piece.first; r < end; ++r, totals += tile) {
    std::copy_n(totals, piece.count, out + r * out_stride + piece.column);
  }
}

}  // namespace

void integer_gemm(const Kernels& kernels, const ThreadPool& thread_pool, const float* x, int64_t rows,
                  int64_t depth, const Matrix& weight, int64_t columns, const float* bias, float* out) {
  for (; rows > kMaxRows; rows -= kMaxRows, x += kMaxRows * depth, out += kMaxRows * columns) {
    integer_gemm(kernels, thread_pool, x, kMaxRows, depth, weight, columns, bias, out);
  }
  const RoundedRows rounded = round_rows(kernels, thread_pool, x, rows, depth);
  const int64_t panels = (columns + kernels.tile_columns - 1) / kernels.tile_columns;
  const int64_t most_parts = rounded.rows / kernels.integer_rows;
  int64_t parts = 1;  // of the rows, so that all threads have work
  while (parts < most_parts && panels * parts % thread_pool.threads() != 0 &&
         panels * parts < 4 * thread_pool.threads()) {
    ++parts;
  }
  const int64_t height = round_up((rounded.rows + parts - 1) / parts, kernels.integer_rows);
  thread_pool.parallel_for(panels * parts, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % parts * height, column = i / parts * kernels.tile_columns;
      if (first >= rounded.rows) continue;
      const Piece piece{first, std::min(height, rounded.rows - first), rows, column,
                        static_cast<int>(std::min<int64_t>(kernels.tile_columns, columns - column))};
      multiply_piece(kernels, piece, rounded, depth, weight, bias, out, columns);
    }
  });
}

}  // namespace janus::cpu
