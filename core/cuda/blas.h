// gemm by NVIDIA's cuBLASLt, where the machine has it and is_blas_gemm() of scratch.h says so; gemm.h does
// the others, and all where it has not.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>

#include "core/tensor/tensor.h"

namespace janus::cuda {

// out [rows, columns] = x [rows, depth] weight [columns, depth]^T + bias, all row-major. Strides are elements
// between rows, multiples of 16 bytes as are the addresses. weight and x are of one type.
struct BlasGemm {
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

class Blas {
 public:
  virtual ~Blas() = default;
  // False where the library has no kernel for it; `out` may have been written then. An element's bits depend
  // on its row and column alone: the kernel is chosen by columns, depth and type, and adds in one sequence.
  virtual bool run(cudaStream_t stream, const BlasGemm& product) = 0;
};

// Null where the build or the machine has no cuBLASLt, or the environment says JANUS_CUDA_LIBRARIES=off (to
// measure one against the other).
std::unique_ptr<Blas> open_blas();

}  // namespace janus::cuda
