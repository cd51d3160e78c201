// Activations cut into two terms of bf16: what gemv.h, conv_gemm.h and cuBLASLt multiply by weights of 2
// bytes or less.
#pragma once

#include "core/cuda/elements.h"
#include "core/cuda/launch.h"
#include "core/tensor/device.h"

namespace janus::cuda {

// Activations as two terms of bf16, [B, depth] each, dense; `depth` a multiple of kGemvStep, zeros behind
// the weights' depth.
struct SplitRows {
  const uint16_t* high;
  const uint16_t* low;
  int64_t depth;
  int batch;
};

// Memory for the terms of [batch, depth].
class SplitBuffer {
 public:
  SplitBuffer(Device& device, int batch, int64_t depth)
      : batch_(batch), depth_(depth), memory_(device.allocate(split_bytes(batch, depth))) {}

  SplitRows rows() const {
    auto* const high = static_cast<uint16_t*>(memory_.get());
    return {high, high + batch_ * split_depth(depth_), split_depth(depth_), batch_};
  }
  int64_t depth() const { return depth_; }

 private:
  int batch_;
  int64_t depth_;
  std::shared_ptr<void> memory_;
};

// Number k of row b into both terms.
__device__ __forceinline__ void store_split(const SplitRows& to, int b, int64_t k, float value) {
  const TwoTerms terms = two_terms(value, 0.0F);
  const_cast<uint16_t*>(to.high)[b * to.depth + k] = static_cast<uint16_t>(terms.high & 0xFFFFU);
  const_cast<uint16_t*>(to.low)[b * to.depth + k] = static_cast<uint16_t>(terms.low & 0xFFFFU);
}

static __global__ void split_kernel(const float* x, int64_t depth, SplitRows to) {
  wait_for_last();
  let_next_start();
  const int64_t count = to.batch * to.depth;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t b = i / to.depth, k = i % to.depth;
    store_split(to, static_cast<int>(b), k, k < depth ? x[b * depth + k] : 0.0F);
  }
}

// Splits dense rows x [batch, depth].
inline void split_rows(cudaStream_t stream, const float* x, const SplitRows& to, int64_t depth) {
  launch(stream, {.grid = blocks_for(to.batch * to.depth), .overlaps = true}, split_kernel, x, depth, to);
}

}  // namespace janus::cuda
