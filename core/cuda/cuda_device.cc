#include "core/cuda/cuda_device.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/cuda/launch.h"
#include "core/cuda/module.h"

namespace janus::cuda {

void check_cuda(cudaError_t status, const char* what) {
  check(status == cudaSuccess, "device cuda, {}: expected success, found: {}; use --device cpu", what,
        cudaGetErrorString(status));
}

void no_kernels(DType type) { fail("kernels, device cuda: expected a weight type, found {}", name_of(type)); }

namespace {

std::atomic<bool> every_gpu_overlaps = true;

std::shared_ptr<GpuMemoryPool> gpu_memory() {
  return std::make_shared<GpuMemoryPool>(
      GpuMemorySource{.take = [](size_t bytes) -> void* {
                        void* memory = nullptr;
                        if (cudaMalloc(&memory, bytes) == cudaSuccess) return memory;
                        cudaGetLastError();  // forgets it
                        return nullptr;
                      },
                      .give_back = [](void* memory) { cudaFree(memory); },
                      .room =
                          [] {
                            size_t free = 0, total = 0;
                            return cudaMemGetInfo(&free, &total) == cudaSuccess ? free : 0;
                          }});
}

std::string describe_gpu(int index) {
  check_cuda(cudaSetDevice(index), "choosing the GPU");
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, index), "asking what the GPU is");
  check(properties.major >= 8,
        "device cuda:{}: expected a GPU of compute capability 8.0 or more, found {} with {}.{}; use "
        "--device cpu",
        index, properties.name, properties.major, properties.minor);
  if (!kernels_wait()) every_gpu_overlaps = false;
  return fmt::format("{}, compute capability {}.{}, {} multiprocessors, {:.0f} GiB", properties.name,
                     properties.major, properties.minor, properties.multiProcessorCount,
                     static_cast<double>(properties.totalGlobalMem) / (1 << 30));
}

// One thread reads memory slower than the bus takes it.
void copy_in_parts(std::byte* to, const std::byte* from, size_t bytes) {
  constexpr size_t kLeast = size_t{1} << 20, kMostThreads = 8;
  const size_t threads = std::clamp<size_t>(
      bytes / kLeast, 1, std::min<size_t>(kMostThreads, std::thread::hardware_concurrency() + 1));
  const size_t part = bytes / threads;
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) {
    const size_t begin = i * part, end = i + 1 == threads ? bytes : begin + part;
    others.emplace_back([=] { std::memcpy(to + begin, from + begin, end - begin); });
  }
  std::memcpy(to, from, threads == 1 ? bytes : part);
  for (std::thread& other : others) other.join();
}

}  // namespace

bool may_overlap() { return every_gpu_overlaps; }

Transfers::Transfers() {
  check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  check_cuda(cudaHostAlloc(&staging_, kParts * kPartBytes, cudaHostAllocDefault), "pinning memory");
  for (cudaEvent_t& event : free_) {
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
    check_cuda(cudaEventRecord(event, stream_), "recording an event");
  }
}

Transfers::~Transfers() {
  cudaStreamSynchronize(stream_);
  for (cudaEvent_t event : free_) cudaEventDestroy(event);
  cudaFreeHost(staging_);
  cudaStreamDestroy(stream_);
}

// Mapped files are pageable: the driver would stage them with one thread and wait for each part. Here the
// processor reads the next part while the last one travels.
void Transfers::upload(void* to, const void* from, size_t bytes) {
  for (size_t done = 0, part = 0; done < bytes; done += kPartBytes, part = (part + 1) % kParts) {
    const size_t count = std::min(kPartBytes, bytes - done);
    auto* const staged = static_cast<std::byte*>(staging_) + part * kPartBytes;
    check_cuda(cudaEventSynchronize(free_[part]), "waiting for a copy");
    copy_in_parts(staged, static_cast<const std::byte*>(from) + done, count);
    check_cuda(
        cudaMemcpyAsync(static_cast<std::byte*>(to) + done, staged, count, cudaMemcpyHostToDevice, stream_),
        "copying to the GPU");
    check_cuda(cudaEventRecord(free_[part], stream_), "recording an event");
  }
}

void Transfers::download(void* to, const void* from, size_t bytes) {
  for (size_t done = 0; done < bytes; done += kPartBytes) {
    const size_t count = std::min(kPartBytes, bytes - done);
    // An upload may still be on its way through the same memory.
    check_cuda(cudaMemcpyAsync(staging_, static_cast<const std::byte*>(from) + done, count,
                               cudaMemcpyDeviceToHost, stream_),
               "copying from the GPU");
    check_cuda(cudaStreamSynchronize(stream_), "working on the GPU");
    std::memcpy(static_cast<std::byte*>(to) + done, staging_, count);
  }
}

CudaDevice::CudaDevice(int index)
    : index_(index), description_(describe_gpu(index)), pool_(gpu_memory()), blas_(open_blas()) {
  check_cuda(cudaEventCreateWithFlags(&written_, cudaEventDisableTiming), "making an event");
}

CudaDevice::~CudaDevice() { cudaEventDestroy(written_); }

void CudaDevice::note_written() { check_cuda(cudaEventRecord(written_, stream()), "recording an event"); }

Device& CudaDevice::side_stream() {
  if (!side_) {
    side_ = std::make_shared<CudaDevice>(index_);
    // What either keeps for later is the other's when there is no more.
    pool_->share(side_->pool_);
    side_->pool_->share(pool_);
  }
  // Steps that are under way write nothing that it reads; it would wait for them.
  if (decode_runs_ == 0) note_written();
  check_cuda(cudaStreamWaitEvent(side_->stream(), written_, 0), "waiting for a stream");
  return *side_;
}

cudaStream_t CudaDevice::stream() const {
  static thread_local int current = -1;
  if (current != index_) {
    check_cuda(cudaSetDevice(index_), "choosing the GPU");
    current = index_;
  }
  return transfers_.stream();
}

std::string CudaDevice::description() const {
  return description_ + (blas_ ? ", large products by cuBLASLt" : ", all products by own kernels");
}

int64_t CudaDevice::free_bytes() const {
  size_t free = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free, &total), "asking what memory is left");
  return static_cast<int64_t>(free + pool_->kept_bytes() + (side_ ? side_->pool_->kept_bytes() : 0));
}

HeldMemory CudaDevice::held_memory() const {
  const HeldMemory other = side_ ? side_->held_memory() : HeldMemory{0, 0};
  const auto taken = static_cast<int64_t>(pool_->taken_bytes()),
             kept = static_cast<int64_t>(pool_->kept_bytes());
  return {taken - kept + other.used_bytes, taken + other.taken_bytes};
}

namespace {

// "cuda" or "cuda:3". -> the GPU's number.
int gpu_of(std::string_view name, int count) {
  int index = 0;
  const std::string_view number = name.substr(std::min(name.size(), name.find(':') + 1));
  if (name != "cuda") {
    const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), index);
    check(name.starts_with("cuda:") && fault == std::errc{} && end == number.data() + number.size(),
          "--device {}: expected cuda or cuda:N, found another name", name);
  }
  check(index >= 0 && index < count,
        "--device {}: expected a GPU from 0 to {}, found {}; use --device cuda:0", name, count - 1, index);
  return index;
}

}  // namespace

std::shared_ptr<Device> open_gpu(std::string_view name) {
  int driver = 0, count = 0;
  check(cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0,
        "device {}: expected an NVIDIA driver (libcuda.so.1), found none; install the driver or use --device "
        "cpu",
        name);
  const cudaError_t status = cudaGetDeviceCount(&count);
  check(status == cudaSuccess && count > 0,
        "device {}: expected an NVIDIA GPU and a driver for CUDA {}, found driver {}.{} and: {}; install a "
        "newer "
        "driver or use --device cpu",
        name, kToolkit, driver / 1000, driver % 1000 / 10,
        status == cudaSuccess ? "no GPU" : cudaGetErrorString(status));
  return std::make_shared<CudaDevice>(gpu_of(name, count));
}

}  // namespace janus::cuda

void janus_cuda_open(const std::string_view& name, std::shared_ptr<janus::Device>& device) {
  device = janus::cuda::open_gpu(name);
}
