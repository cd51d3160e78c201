// The GEMM of many rows with weights in a block format, in integers (simd/integer_gemm.h).
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/thread_pool.h"

namespace janus::cpu {

// out[rows, columns] = x[rows, depth] weight^T + bias (or null) on all threads; `weight` is of a block
// format. Scratch slots 0, 1 and 3: at most 1,024 rows of 2.2 bytes an element, and a panel a thread.
void integer_gemm(const Kernels& kernels, const ThreadPool& thread_pool, const float* x, int64_t rows,
                  int64_t depth, const Matrix& weight, int64_t columns, const float* bias, float* out);

}  // namespace janus::cpu
