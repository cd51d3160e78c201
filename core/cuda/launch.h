// Calls of the CUDA runtime: every fault becomes an Error.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#include "core/cuda/scratch.h"

namespace janus::cuda {

// `what` is what was being done, for the message. (The messages are in cuda_device.cc: fmt's checks of
// formats at compile time are more than nvcc can follow.)
void check_cuda(cudaError_t status, const char* what);
// A type that the kernels of an operation do not read.
[[noreturn]] void no_kernels(DType type);

// Whether kernels may be asked to start before the last one ends: where those that run on every GPU that is
// opened were compiled for compute capability 9.0 or more.
bool may_overlap();
// Whether the current GPU's kernels wait in wait_for_last().
bool kernels_wait();

struct Launch {
  dim3 grid;
  unsigned threads = 256;
  size_t shared_bytes = 0;
  // The kernel calls wait_for_last() before it touches memory, so it may start before the last one ends.
  bool overlaps = false;
};

// What a block gets of dynamic shared memory without asking. With asking, every GPU from 8.0 on has 99 KiB.
constexpr size_t kUnaskedSharedBytes = size_t{48} << 10;

template <typename... Params, typename... Args>
void launch(cudaStream_t stream, const Launch& shape, void (*kernel)(Params...), Args&&... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = dim3(shape.threads);
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = stream;
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  if (shape.overlaps && may_overlap()) {
    config.attrs = &attribute;
    config.numAttrs = 1;
  }
  if (shape.shared_bytes > kUnaskedSharedBytes) {
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shape.shared_bytes)),
               "asking for shared memory");
  }
  check_cuda(cudaLaunchKernelEx(&config, kernel, std::forward<Args>(args)...), "starting a kernel");
}

// Blocks of `threads` for `count` elements one a thread, at most as many as a grid-stride loop gains from.
inline unsigned blocks_for(int64_t count, unsigned threads = 256) {
  constexpr int64_t kMost = 132 * 32;
  const int64_t blocks = divide_up(count, threads);
  return static_cast<unsigned>(blocks < 1 ? 1 : blocks > kMost ? kMost : blocks);
}

}  // namespace janus::cuda
