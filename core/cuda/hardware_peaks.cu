// What a GPU can do at most.
#include <algorithm>
#include <vector>

#include "core/cuda/cuda_device.h"
#include "core/cuda/launch.h"
#include "core/cuda/ptx.h"
#include "core/cuda/reduce.h"

namespace janus::cuda {
namespace {

constexpr int kRuns = 5;
constexpr int kPasses = 4096;  // of 32 multiply-adds a thread

__global__ __launch_bounds__(256) void read_kernel(const uint4* from, int64_t count, unsigned* out) {
  unsigned bits = 0;
#pragma unroll 4
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const uint4 x = load_stream(from + i);
    bits ^= x.x ^ x.y ^ x.z ^ x.w;
  }
  // Never so, but the compiler cannot know, and keeps the reads.
  if (bits == 0x12345678U) *out = bits;
}

__global__ __launch_bounds__(256) void multiply_add_kernel(float x, float* out) {
  float sums[32];
#pragma unroll
  for (int i = 0; i < 32; ++i) sums[i] = static_cast<float>(threadIdx.x + i);
  for (int pass = 0; pass < kPasses; ++pass) {
#pragma unroll
    for (int i = 0; i < 32; ++i) sums[i] = fmaf(sums[i], x, 1.0F);
  }
  float total = 0.0F;
#pragma unroll
  for (int i = 0; i < 32; ++i) total += sums[i];
  if (total == 0.1F) *out = total;
}

__global__ __launch_bounds__(256) void int8_kernel(int x, int* out) {
  int sums[32];
#pragma unroll
  for (int i = 0; i < 32; ++i) sums[i] = static_cast<int>(threadIdx.x) + i;
  for (int pass = 0; pass < kPasses; ++pass) {
#pragma unroll
    for (int i = 0; i < 32; ++i) sums[i] = __dp4a(x, sums[i], sums[i]);
  }
  int total = 0;
#pragma unroll
  for (int i = 0; i < 32; ++i) total += sums[i];
  if (total == 12345) *out = total;
}

// Milliseconds of the fastest of a few runs.
template <typename Body>
double fastest_ms(cudaStream_t stream, Body body) {
  cudaEvent_t from = nullptr, to = nullptr;
  check_cuda(cudaEventCreate(&from), "making an event");
  check_cuda(cudaEventCreate(&to), "making an event");
  std::vector<float> times;
  for (int run = 0; run < kRuns; ++run) {
    check_cuda(cudaEventRecord(from, stream), "recording an event");
    body();
    check_cuda(cudaEventRecord(to, stream), "recording an event");
    check_cuda(cudaEventSynchronize(to), "measuring");
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, from, to), "measuring");
    times.push_back(ms);
  }
  cudaEventDestroy(from);
  cudaEventDestroy(to);
  return static_cast<double>(*std::min_element(times.begin(), times.end()));
}

}  // namespace

double CudaDevice::read_bandwidth() const {
  // Larger than any GPU's cache, and small beside a model.
  const size_t bytes = std::min(size_t{1} << 30, static_cast<size_t>(free_bytes()) / 2 / 4096 * 4096);
  const std::shared_ptr<void> memory = pool_->allocate(bytes), sink = pool_->allocate(64);
  check_cuda(cudaMemsetAsync(memory.get(), 0x55, bytes, stream()), "filling memory");
  const double ms = fastest_ms(stream(), [&] {
    launch(stream(), {.grid = 132 * 16}, read_kernel, static_cast<const uint4*>(memory.get()),
           static_cast<int64_t>(bytes / sizeof(uint4)), static_cast<unsigned*>(sink.get()));
  });
  return static_cast<double>(bytes) / (ms / 1000);
}

constexpr unsigned kBlocks = 132 * 16;

double CudaDevice::int8_peak() const {
  const std::shared_ptr<void> sink = pool_->allocate(64);
  const double ms = fastest_ms(stream(), [&] {
    launch(stream(), {.grid = kBlocks}, int8_kernel, 0x01020304, static_cast<int*>(sink.get()));
  });
  return 8.0 * 32 * kPasses * 256 * kBlocks / (ms / 1000);
}

double CudaDevice::multiply_add_peak() const {
  const std::shared_ptr<void> sink = pool_->allocate(64);
  const double ms = fastest_ms(stream(), [&] {
    launch(stream(), {.grid = kBlocks}, multiply_add_kernel, 0.5F, static_cast<float*>(sink.get()));
  });
  return 2.0 * 32 * kPasses * 256 * kBlocks / (ms / 1000);
}

}  // namespace janus::cuda
