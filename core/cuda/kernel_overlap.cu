// What a GPU's kernels were compiled for.
#include "core/cuda/launch.h"
#include "core/cuda/ptx.h"

namespace janus::cuda {
namespace {

__global__ void waiting_kernel() { wait_for_last(); }

}  // namespace

// Not by the GPU: code of 8.0 that a newer one's driver compiles has no instruction to wait with.
bool kernels_wait() {
  cudaFuncAttributes attributes{};
  check_cuda(cudaFuncGetAttributes(&attributes, waiting_kernel), "asking what its kernels were compiled for");
  return attributes.ptxVersion >= 90;
}

}  // namespace janus::cuda
