// Sums and maxima over a warp and over a block, in an order fixed by the number of threads.
#pragma once

#include <cuda_runtime.h>

namespace janus::cuda {

constexpr unsigned kAllLanes = 0xFFFFFFFFU;

template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
  for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(kAllLanes, value, bits);
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
  for (int bits = 16; bits > 0; bits /= 2) {
    const float other = __shfl_xor_sync(kAllLanes, value, bits);
    // A NaN on either side stays.
    value = other > value || other != other ? other : value;
  }
  return value;
}

// Sums over all threads of a block of whole warps, and returns the sum to each. May be called again and
// again.
template <typename T>
__device__ __forceinline__ T block_sum(T value) {
  __shared__ T parts[33];
  const unsigned warp = threadIdx.x / 32, warps = blockDim.x / 32;
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) parts[warp] = value;
  __syncthreads();
  if (warp == 0) {
    T part = threadIdx.x < warps ? parts[threadIdx.x] : T{};
    part = warp_sum(part);
    if (threadIdx.x == 0) parts[32] = part;
  }
  __syncthreads();
  const T total = parts[32];
  __syncthreads();  // before a next call writes
  return total;
}

__device__ __forceinline__ float block_max(float value) {
  __shared__ float parts[33];
  const unsigned warp = threadIdx.x / 32, warps = blockDim.x / 32;
  value = warp_max(value);
  if (threadIdx.x % 32 == 0) parts[warp] = value;
  __syncthreads();
  if (warp == 0) {
    float part = parts[threadIdx.x < warps ? threadIdx.x : 0];
    part = warp_max(part);
    if (threadIdx.x == 0) parts[32] = part;
  }
  __syncthreads();
  const float largest = parts[32];
  __syncthreads();
  return largest;
}

}  // namespace janus::cuda
