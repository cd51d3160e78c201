// The loop of kernels with one element a thread, or several where a grid has fewer threads than elements:
//   for (int64_t i = first_index(); i < count; i += index_step())
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace janus::cuda {

__device__ __forceinline__ int64_t first_index() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t index_step() { return int64_t{gridDim.x} * blockDim.x; }

}  // namespace janus::cuda
