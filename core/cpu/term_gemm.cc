#include "core/cpu/term_gemm.h"

#include "core/cpu/gemm.h"

namespace janus::cpu {
namespace {

// A piece of a product, and the memory of the thread that makes it: its columns of the weight for one block
// of depth, and its sums, whole groups each way. Scratch slots 0 and 1.
class Piece {
 public:
  Piece(const Kernels& kernels, const TermMatrix& left, const Matrix& weight, int64_t rows, int64_t columns)
      : kernels_(kernels),
        left_(left),
        weight_(weight),
        weights_(*term_weights(kernels, weight)),
        right_(reinterpret_cast<uint16_t*>(
            scratch(0, TermMatrix::floats(term_groups(columns), kTermDepth, weights_.terms)))),
        sums_(scratch(1, term_groups(rows) * kTermGroupRows * term_groups(columns) * kTermGroupRows)) {}

  // Rows [row, row + rows), `row` the first of a group, and columns [column, column + columns).
  void multiply(int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t depth) {
    stride_ = term_groups(columns) * kTermGroupRows;
    for (int64_t block = 0; block < term_blocks(depth); ++block) {
      const int64_t begin = block * kTermDepth, end = std::min(depth, begin + kTermDepth);
      for (int64_t j = 0; j < columns; j += kTermGroupRows) {
        weights_.pack_terms(weight_, column + j,
                            static_cast<int>(std::min<int64_t>(kTermGroupRows, columns - j)), begin, end,
                            right_ + j / kTermGroupRows * term_group_size(weights_.terms));
      }
      kernels_.terms->multiply({.left = left_.at(block, row / kTermGroupRows),
                                .row_groups = term_groups(rows),
                                .left_terms = left_.terms,
                                .right = right_,
                                .column_groups = term_groups(columns),
                                .right_terms = weights_.terms,
                                .depth = end - begin,
                                .add = block > 0,
                                .c = sums_,
                                .c_stride = stride_});
    }
  }

  // The sums of a row, plus the bias.
  void write_row(int64_t row, int64_t columns, const float* bias, float* out) const {
    const float* from = sums_ + row * stride_;
    if (bias == nullptr) {
      std::copy_n(from, columns, out);
    } else {
      for (int64_t j = 0; j < columns; ++j) out[j] = from[j] + bias[j];
    }
  }

 private:
  const Kernels& kernels_;
  const TermMatrix& left_;
  const Matrix& weight_;
  const WeightKernels& weights_;
  uint16_t* right_;
  float* sums_;
  int64_t stride_ = 0;
};

}  // namespace

void multiply_terms(const Kernels& kernels, const ThreadPool& thread_pool, int64_t rows, int64_t depth,
                    const TermMatrix& left, const Matrix& weight, int64_t columns, const float* bias,
                    float* out) {
  // Two groups each way share what is loaded.
  constexpr int64_t kUnit = 2 * kTermGroupRows;
  const Blocks blocks = Blocks::cut(kUnit, kUnit, rows, columns, thread_pool.threads());
  thread_pool.parallel_for(blocks.row_blocks * blocks.column_blocks, [&](int64_t begin, int64_t end) {
    Piece piece(kernels, left, weight, blocks.rows, blocks.columns);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i % blocks.row_blocks * blocks.rows;
      const int64_t column = i / blocks.row_blocks * blocks.columns;
      const int64_t height = std::min(blocks.rows, rows - row),
                    width = std::min(blocks.columns, columns - column);
      piece.multiply(row, height, column, width, depth);
      for (int64_t r = 0; r < height; ++r) {
        piece.write_row(r, width, bias == nullptr ? nullptr : bias + column,
                        out + (row + r) * columns + column);
      }
    }
  });
}

}  // namespace janus::cpu
