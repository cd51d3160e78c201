// The emulated runtime: fibers for the threads of a block, plain memory for the card's.
#include <cassert>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tests/cuda_host/cuda_runtime.h"

struct CudaHostGraph {
  std::vector<std::function<void()>> work;
};
struct CudaHostStream {
  CudaHostGraph* captured = nullptr;
};

// Saves the running fiber's registers on its stack and its stack's place in *from, and goes on at `to`.
// x86-64 alone: ucontext asks the system twice a switch, which makes the tests ten times as long.
extern "C" void cuda_host_switch(void** from, void* to);
__asm__(R"(
.text
.globl cuda_host_switch
.type cuda_host_switch, @function
cuda_host_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_host_switch, .-cuda_host_switch
)");

namespace cuda_host {
namespace {

constexpr size_t kStackBytes = size_t{96} << 10;
constexpr size_t kExchangeBytes = 64;

struct Fiber {
  void* top = nullptr;  // of its stack while another runs
  std::unique_ptr<char[]> stack;
  uint3 thread{};
  bool done = false;
  unsigned block_barriers = 0, warp_exchanges = 0;  // passed or waited for
};

struct Warp {
  unsigned arrived[2] = {0, 0};
  // Two, because a lane may begin the next exchange while others still read this one.
  alignas(16) char values[2][32 * kExchangeBytes];
};

struct Block {
  std::vector<Fiber> fibers;
  std::vector<Warp> warps;
  unsigned alive = 0, waiting = 0, barrier = 0;
  size_t current = 0;
  uint64_t progress = 0;  // counts arrivals, so that a deadlock shows
  std::vector<uint4> shared;
  void* scheduler = nullptr;
  const std::function<void()>* kernel = nullptr;
};

Block block;

void yield() { cuda_host_switch(&block.fibers[block.current].top, block.scheduler); }

void fiber_main() {
  (*block.kernel)();
  Fiber& fiber = block.fibers[block.current];
  fiber.done = true;
  --block.alive;
  ++block.progress;
  if (block.alive > 0 && block.waiting == block.alive) {
    block.waiting = 0;
    ++block.barrier;
  }
  yield();
}

void run_block(size_t threads) {
  block.alive = static_cast<unsigned>(threads);
  block.waiting = block.barrier = 0;
  for (Warp& warp : block.warps) warp.arrived[0] = warp.arrived[1] = 0;
  for (size_t i = 0; i < threads; ++i) {
    Fiber& fiber = block.fibers[i];
    if (!fiber.stack) fiber.stack = std::make_unique<char[]>(kStackBytes);
    // What cuda_host_switch pops: six registers, then where to go on. A function begins 8 bytes off 16.
    auto** place = reinterpret_cast<void**>(
        (reinterpret_cast<uintptr_t>(fiber.stack.get()) + kStackBytes - 64) / 16 * 16);
    *place = reinterpret_cast<void*>(fiber_main);
    fiber.top = place - 6;
    fiber.done = false;
    fiber.block_barriers = fiber.warp_exchanges = 0;
    const unsigned x = blockDim.x;
    fiber.thread = {static_cast<unsigned>(i) % x, static_cast<unsigned>(i) / x, 0};
  }
  while (block.alive > 0) {
    const uint64_t before = block.progress;
    for (block.current = 0; block.current < threads; ++block.current) {
      Fiber& fiber = block.fibers[block.current];
      if (fiber.done) continue;
      threadIdx = fiber.thread;
      cuda_host_switch(&block.scheduler, fiber.top);
    }
    if (before == block.progress) {
      std::fprintf(stderr, "cuda_host: a kernel's threads wait for each other for ever\n");
      std::abort();
    }
  }
}

}  // namespace

void* dynamic_shared() { return block.shared.data(); }

void block_barrier() {
  Fiber& fiber = block.fibers[block.current];
  const unsigned mine = block.barrier;
  ++block.progress;
  if (++block.waiting == block.alive) {
    block.waiting = 0;
    ++block.barrier;
  }
  while (block.barrier == mine && !fiber.done) yield();
}

const void* warp_exchange(const void* value, size_t bytes) {
  assert(bytes <= kExchangeBytes);
  Fiber& fiber = block.fibers[block.current];
  Warp& warp = block.warps[block.current / 32];
  const unsigned number = ++fiber.warp_exchanges, slot = number % 2;
  char* const values = warp.values[slot];
  std::memcpy(values + (block.current % 32) * bytes, value, bytes);
  ++block.progress;
  // Every second exchange uses this slot, and each adds 32.
  const unsigned goal = (number + 1) / 2 * 32;
  ++warp.arrived[slot];
  while (warp.arrived[slot] < goal) yield();
  return values;
}

void run_grid(dim3 grid, dim3 size, size_t shared_bytes, const std::function<void()>& kernel) {
  const size_t threads = size_t{size.x} * size.y * size.z;
  assert(threads % 32 == 0 && threads <= 1024 && size.z == 1);
  if (block.fibers.size() < threads) {
    block.fibers.resize(threads);
    block.warps.resize(threads / 32);
  }
  block.shared.resize(shared_bytes / sizeof(uint4) + 1);
  block.kernel = &kernel;
  blockDim = size;
  gridDim = grid;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = {x, y, z};
        run_block(threads);
      }
    }
  }
}

void submit(cudaStream_t stream, std::function<void()> work) {
  if (stream != nullptr && stream->captured != nullptr) {
    stream->captured->work.push_back(std::move(work));
  } else {
    work();
  }
}

}  // namespace cuda_host

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"emulated on the host", size_t{1} << 40, 9, 0, 4};
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = size_t{1} << 40;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, size_t bytes) {
  // A card's memory is far smaller than what malloc would promise.
  *memory = bytes > size_t{1} << 40 ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  // Reading what nothing wrote must show.
  if (*memory != nullptr && bytes <= size_t{64} << 20) std::memset(*memory, 0xFF, bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) { return cudaMalloc(memory, bytes); }
cudaError_t cudaFreeHost(void* memory) { return cudaFree(memory); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  cuda_host::submit(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind, cudaStream_t stream) {
  cuda_host::submit(stream, [=] {
    for (size_t row = 0; row < height; ++row) {
      std::memcpy(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch,
                  width);
    }
  });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  cuda_host::submit(stream, [=] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CudaHostStream;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new std::chrono::steady_clock::time_point;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete static_cast<std::chrono::steady_clock::time_point*>(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *static_cast<std::chrono::steady_clock::time_point*>(event) = std::chrono::steady_clock::now();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
  using Point = std::chrono::steady_clock::time_point;
  *ms =
      std::chrono::duration<float, std::milli>(*static_cast<Point*>(to) - *static_cast<Point*>(from)).count();
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  stream->captured = new CudaHostGraph;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = std::exchange(stream->captured, nullptr);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  *exec = new CudaHostGraph(*graph);
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return cudaGraphDestroy(exec); }
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t) {
  for (const auto& work : exec->work) work();
  return cudaSuccess;
}
