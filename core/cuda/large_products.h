// Products of many rows by NVIDIA's cuBLASLt, where the machine has it; own kernels (tile.h) do the others,
// and all where it has not.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>

#include "core/tensor/tensor.h"

namespace janus::cuda {

// out [rows, columns] = x [rows, depth] weight [columns, depth]^T + bias, all row-major. Strides are numbers
// between rows, multiples of 16 bytes as are the addresses. weight and x are of one type.
struct LargeProduct {
  int64_t rows, columns, depth;
  DType type;  // bf16 or f32
  const void* weight;
  int64_t weight_stride;
  const void* x;  // one term of it after another
  int64_t x_stride;
  float* out;         // dense
  const float* bias;  // [columns], or null
  bool adds;          // to what is in `out`
};

class LargeProducts {
 public:
  virtual ~LargeProducts() = default;
  // False where the library has no kernel for it; `out` may have been written then. An element's bits depend
  // on its row and column alone: the kernel is chosen by columns, depth and type, and adds in one sequence.
  virtual bool run(cudaStream_t stream, const LargeProduct& product) = 0;
};

// Null where the build or the machine has no cuBLASLt, or the environment says JANUS_CUDA_LIBRARIES=off (to
// measure one against the other).
std::unique_ptr<LargeProducts> open_large_products();

// Those that the library gets: by the weight alone, never by the number of rows, since a row must not change
// its bits with the others. Smaller ones fill no card, whoever does them.
constexpr bool is_large_product(DType type, int64_t columns, int64_t depth) {
  constexpr int64_t kLeast = int64_t{1} << 20;
  return (type == DType::bf16 || type == DType::f32) && columns % 8 == 0 && depth % 8 == 0 &&
         columns * depth >= kLeast;
}

}  // namespace janus::cuda
