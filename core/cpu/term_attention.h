// Attention of many queries in the tiles of a matrix unit. Scores and results are as exact as in f32: queries
// and probabilities count with three terms of bf16, keys and values with all their bits.
#pragma once

#include "core/cpu/attention_head.h"
#include "core/cpu/term_gemm.h"

namespace janus::cpu {

// The keys and values of the head that a thread works on, as right operands. Scratch slots 0 and 1.
struct TermHead {
  TermMatrix keys, values;

  static TermHead pack(const Kernels& kernels, const Head& head);
};

// out = softmax(queries keys^T / sqrt(width)) values for `rows` query rows; row r sees the first
// min(count, visible + r) keys. Rows of queries and out are `stride` apart. Scratch slots 2 and 3.
void attend_terms(const Kernels& kernels, const Head& head, const TermHead& packed, const float* queries,
                  int64_t rows, int64_t stride, int64_t visible, float* out);

}  // namespace janus::cpu
