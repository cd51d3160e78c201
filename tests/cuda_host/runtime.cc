// The emulated runtime: fibers for the threads of a block, plain memory for the GPU's.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string_view>
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

// Always, not in debug builds alone: a GPU would fault, or refuse.
void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "cuda_host: expected %s\n", what);
  std::abort();
}

constexpr size_t kStackBytes = size_t{96} << 10;
constexpr size_t kExchangeBytes = 64;

struct LateCopy {
  void* to;
  const void* from;
  size_t bytes;
};

struct Fiber {
  void* top = nullptr;  // of its stack while another runs
  std::unique_ptr<char[]> stack;
  uint3 thread{};
  bool done = false;
  unsigned block_barriers = 0, warp_exchanges = 0;  // passed or waited for
  std::vector<LateCopy> open_copies;
  std::deque<std::vector<LateCopy>> copies;  // groups
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

// In which order blocks run, and threads between two barriers: a GPU promises none. JANUS_CUDA_HOST_ORDER is
// `forward` (also where it is not set), `backward`, or a number: the seed of a new order every time.
class Order {
 public:
  Order() {
    const char* const wanted = std::getenv("JANUS_CUDA_HOST_ORDER");
    const std::string_view name = wanted == nullptr ? "forward" : wanted;
    backward_ = name == "backward";
    random_ = !backward_ && name != "forward";
    if (random_) generator_.seed(static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10)));
  }
  // Valid until the next call.
  const std::vector<uint32_t>& next(size_t count) {
    if (!random_ && numbers_.size() == count) return numbers_;
    numbers_.resize(count);
    std::iota(numbers_.begin(), numbers_.end(), 0U);
    if (backward_) std::reverse(numbers_.begin(), numbers_.end());
    if (random_) std::shuffle(numbers_.begin(), numbers_.end(), generator_);
    return numbers_;
  }

 private:
  bool backward_ = false, random_ = false;
  std::mt19937 generator_;
  std::vector<uint32_t> numbers_;
};
Order order;

void run_block(size_t threads) {
  // As a GPU leaves it: full of what others had there.
  std::memset(block.shared.data(), 0xFF, block.shared.size() * sizeof(uint4));
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
    fiber.open_copies.clear();
    fiber.copies.clear();
    const unsigned x = blockDim.x;
    fiber.thread = {static_cast<unsigned>(i) % x, static_cast<unsigned>(i) / x, 0};
  }
  while (block.alive > 0) {
    const uint64_t before = block.progress;
    for (const uint32_t thread : order.next(threads)) {
      block.current = thread;
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
  require(bytes <= kExchangeBytes, "an exchange of at most 64 bytes a lane");
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

void copy_later(void* to, const void* from, size_t bytes) {
  require(reinterpret_cast<uintptr_t>(to) % bytes == 0 && reinterpret_cast<uintptr_t>(from) % bytes == 0,
          "copies that are aligned");
  std::memset(to, 0xFF, bytes);
  block.fibers[block.current].open_copies.push_back({to, from, bytes});
}
void close_copies() {
  Fiber& fiber = block.fibers[block.current];
  fiber.copies.push_back(std::exchange(fiber.open_copies, {}));
}
void wait_for_copies(size_t groups_left) {
  auto& groups = block.fibers[block.current].copies;
  for (; groups.size() > groups_left; groups.pop_front()) {
    for (const LateCopy& copy : groups.front()) {
      copy.from == nullptr ? std::memset(copy.to, 0, copy.bytes)
                           : std::memcpy(copy.to, copy.from, copy.bytes);
    }
  }
}

void run_grid(dim3 grid, dim3 size, size_t shared_bytes, const std::function<void()>& kernel) {
  const size_t threads = size_t{size.x} * size.y * size.z;
  require(threads > 0 && threads % 32 == 0 && threads <= 1024 && size.z == 1, "1 to 32 whole warps a block");
  if (block.fibers.size() < threads) {
    block.fibers.resize(threads);
    block.warps.resize(threads / 32);
  }
  block.shared.resize(shared_bytes / sizeof(uint4) + 1);
  block.kernel = &kernel;
  blockDim = size;
  gridDim = grid;
  require(grid.x > 0 && grid.y > 0 && grid.z > 0, "a block at least");
  require(grid.x < 1U << 31 && grid.y <= 65535 && grid.z <= 65535, "a grid that a GPU takes");
  const std::vector<uint32_t> blocks = order.next(size_t{grid.x} * grid.y * grid.z);
  for (const uint32_t i : blocks) {
    blockIdx = {i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y};
    run_block(threads);
  }
}

namespace {
std::map<const void*, size_t> allowed_shared;
}
void allow_shared(const void* kernel, size_t bytes) { allowed_shared[kernel] = bytes; }
void require_shared(const void* kernel, size_t bytes) {
  const auto found = allowed_shared.find(kernel);
  const size_t most = found == allowed_shared.end() ? size_t{48} << 10 : found->second;
  if (bytes <= most && bytes <= size_t{99} << 10) return;
  std::fprintf(stderr, "cuda_host: expected at most %zu bytes of shared memory, found %zu\n", most, bytes);
  std::abort();
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
  // A GPU's memory is far smaller than what malloc would promise.
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
