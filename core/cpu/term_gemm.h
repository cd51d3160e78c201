// The product of many rows in the tiles of a matrix unit (simd/term_gemm.h), where the processor has one.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/thread_pool.h"

namespace janus::cpu {

// The kernels that multiply rows with such a weight in a matrix unit; null where there are none.
inline const WeightKernels* term_weights(const Kernels& kernels, const Matrix& weight) {
  const WeightKernels* const weights =
      kernels.terms == nullptr ? nullptr : kernels.find(weight.dtype, weight.layout);
  return weights != nullptr && weights->pack_terms != nullptr ? weights : nullptr;
}

// As many terms as activations have beside weights of `weight_terms`: all bits where weights have all.
constexpr int left_terms_beside(int weight_terms) { return weight_terms == 3 ? 3 : 2; }

constexpr int64_t term_groups(int64_t rows) { return (rows + kTermGroupRows - 1) / kTermGroupRows; }
constexpr int64_t term_blocks(int64_t depth) { return (depth + kTermDepth - 1) / kTermDepth; }

// A matrix as terms: of every kTermDepth of depth all groups of its rows or columns.
struct TermMatrix {
  uint16_t* memory = nullptr;
  int64_t groups = 0;
  int terms = 0;

  static constexpr int64_t floats(int64_t groups, int64_t depth, int terms) {
    return groups * term_blocks(depth) * term_group_size(terms) / 2;
  }
  uint16_t* at(int64_t block, int64_t group) const {
    return memory + (block * groups + group) * term_group_size(terms);
  }
};

// A row of the left operand -> its terms.
inline void split_row(const Kernels& kernels, const float* x, int64_t depth, int64_t row,
                      const TermMatrix& to) {
  for (int64_t block = 0; block < term_blocks(depth); ++block) {
    const int64_t begin = block * kTermDepth;
    kernels.terms->split_left_row(x + begin, std::min(kTermDepth, depth - begin),
                                  static_cast<int>(row % kTermGroupRows), to.terms,
                                  to.at(block, row / kTermGroupRows));
  }
}

// out[rows, columns] = rows weight^T + bias on all threads, for a weight that has such kernels. to_row(row,
// memory) gives the address of a row of `depth` floats, for which it may use `memory`. A row's result does
// not depend on the others.
template <typename ToRow>
void term_gemm(const Kernels& kernels, const ThreadPool& thread_pool, int64_t rows, int64_t depth,
               ToRow to_row, const Matrix& weight, int64_t columns, const float* bias, float* out);

// Its second half: `left` has the rows.
void multiply_terms(const Kernels& kernels, const ThreadPool& thread_pool, int64_t rows, int64_t depth,
                    const TermMatrix& left, const Matrix& weight, int64_t columns, const float* bias,
                    float* out);

template <typename ToRow>
void term_gemm(const Kernels& kernels, const ThreadPool& thread_pool, int64_t rows, int64_t depth,
               ToRow to_row, const Matrix& weight, int64_t columns, const float* bias, float* out) {
  // Rows whose terms are in memory at once.
  constexpr int64_t kMaxRows = 1024;
  const int terms = left_terms_beside(term_weights(kernels, weight)->terms);
  for (int64_t first = 0; first < rows; first += kMaxRows) {
    const int64_t count = std::min(kMaxRows, rows - first), groups = term_groups(count);
    const TermMatrix left{reinterpret_cast<uint16_t*>(scratch(3, TermMatrix::floats(groups, depth, terms))),
                          groups, terms};
    thread_pool.parallel_for(count, [&](int64_t begin, int64_t end) {
      float* const memory = scratch(0, depth);
      for (int64_t r = begin; r < end; ++r) split_row(kernels, to_row(first + r, memory), depth, r, left);
    });
    multiply_terms(kernels, thread_pool, count, depth, left, weight, columns, bias, out + first * columns);
  }
}

}  // namespace janus::cpu
