#include "core/cpu/term_attention.h"

#include <algorithm>
#include <cmath>

namespace janus::cpu {
namespace {

constexpr int kTerms = 3;  // of queries and probabilities

uint16_t* term_memory(int slot, int64_t floats) { return reinterpret_cast<uint16_t*>(scratch(slot, floats)); }

// Fills a right operand: pack(first column, columns, begin, end, to) makes a group of one block.
template <typename Pack>
void pack_groups(const TermMatrix& to, int64_t columns, int64_t depth, Pack pack) {
  for (int64_t block = 0; block < term_blocks(depth); ++block) {
    const int64_t begin = block * kTermDepth, end = std::min(depth, begin + kTermDepth);
    for (int64_t group = 0; group < to.groups; ++group) {
      const int64_t first = group * kTermGroupRows;
      pack(first, static_cast<int>(std::min<int64_t>(kTermGroupRows, columns - first)), begin, end,
           to.at(block, group));
    }
  }
}

// c[left groups][the first `columns` columns of right] over `depth`.
void multiply(const Kernels& kernels, const TermMatrix& left, const TermMatrix& right, int64_t columns,
              int64_t depth, float* c, int64_t c_stride) {
  for (int64_t block = 0; block < term_blocks(depth); ++block) {
    kernels.terms->multiply({.left = left.at(block, 0),
                             .row_groups = left.groups,
                             .left_terms = left.terms,
                             .right = right.at(block, 0),
                             .column_groups = term_groups(columns),
                             .right_terms = right.terms,
                             .depth = std::min(kTermDepth, depth - block * kTermDepth),
                             .add = block > 0,
                             .c = c,
                             .c_stride = c_stride});
  }
}

}  // namespace

TermHead TermHead::pack(const Kernels& kernels, const Head& head) {
  const WeightKernels &keys = kernels.of(head.keys.dtype), &values = kernels.of(head.values.dtype);
  const int64_t key_groups = term_groups(head.count), value_groups = term_groups(head.width);
  const TermHead packed{
      {term_memory(0, TermMatrix::floats(key_groups, head.width, keys.terms)), key_groups, keys.terms},
      {term_memory(1, TermMatrix::floats(value_groups, head.count, values.terms)), value_groups,
       values.terms}};
  pack_groups(packed.keys, head.count, head.width,
              [&](int64_t first, int count, int64_t begin, int64_t end, uint16_t* to) {
                keys.pack_terms(head.keys, first, count, begin, end, to);
              });
  pack_groups(packed.values, head.width, head.count,
              [&](int64_t first, int count, int64_t begin, int64_t end, uint16_t* to) {
                values.pack_terms_by_depth(head.values, first, count, begin, end, to);
              });
  return packed;
}

void attend_terms(const Kernels& kernels, const Head& head, const TermHead& packed, const float* queries,
                  int64_t rows, int64_t stride, int64_t visible, float* out) {
  const int64_t keys = std::min(head.count, visible + rows - 1);
  const int64_t groups = term_groups(rows), padded = groups * kTermGroupRows;
  const int64_t score_stride = term_groups(keys) * kTermGroupRows,
                sum_stride = term_groups(head.width) * kTermGroupRows;
  const TermMatrix left{term_memory(2, TermMatrix::floats(groups, std::max(head.count, head.width), kTerms)),
                        groups, kTerms};
  float* const scores = scratch(3, padded * (score_stride + sum_stride));
  float* const sums = scores + padded * score_stride;
  for (int64_t r = 0; r < rows; ++r) split_row(kernels, queries + r * stride, head.width, r, left);
  multiply(kernels, left, packed.keys, keys, head.width, scores, score_stride);
  const float scale = 1.0F / std::sqrt(static_cast<float>(head.width));
  for (int64_t r = 0; r < rows; ++r) {
    float* const row = scores + r * score_stride;
    const int64_t seen = std::min(keys, visible + r);
    kernels.softmax(row, seen, scale);
    std::fill_n(row + seen, keys - seen, 0.0F);
    split_row(kernels, row, keys, r, left);
  }
  multiply(kernels, left, packed.values, head.width, keys, sums, sum_stride);
  for (int64_t r = 0; r < rows; ++r) std::copy_n(sums + r * sum_stride, head.width, out + r * stride);
}

}  // namespace janus::cpu
