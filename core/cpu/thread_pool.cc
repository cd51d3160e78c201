#include "core/cpu/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <vector>

#include "core/base/per_thread.h"
#include "core/cpu/processor_quota.h"
#include "core/cpu/workers.h"

namespace janus::cpu {
namespace {

// Those in this process's affinity mask.
std::vector<int> allowed_processors() {
  std::vector<int> processors;
  for (int capacity = CPU_SETSIZE; capacity <= (1 << 16); capacity *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(CPU_ALLOC(capacity),
                                                                [](cpu_set_t* set) { CPU_FREE(set); });
    const size_t bytes = CPU_ALLOC_SIZE(capacity);
    if (mask == nullptr || sched_getaffinity(0, bytes, mask.get()) != 0) continue;
    for (int i = 0; i < capacity; ++i) {
      if (CPU_ISSET_S(i, bytes, mask.get())) processors.push_back(i);
    }
    break;
  }
  if (processors.empty()) processors.push_back(0);
  return processors;
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  std::vector<int> processors = allowed_processors();
  const auto available = static_cast<int>(processors.size());
  if (threads_ == 0) {
    const int quota = quota_processors();
    threads_ = quota > 0 ? std::min(available, quota) : available;
  }
  const auto own = std::find(processors.begin(), processors.end(), sched_getcpu());
  if (own != processors.end()) std::rotate(processors.begin(), own, processors.end());
  processors.resize(static_cast<size_t>(std::min(available, threads_)));
  workers_ = std::make_unique<Workers>(threads_, std::move(processors));
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::parallel_for(int64_t count, int64_t step,
                              const std::function<void(int64_t, int64_t)>& body) const {
  if (count <= 0) return;
  const int64_t steps = (count + step - 1) / step;
  const int ranges = static_cast<int>(std::min<int64_t>(threads_, steps));
  if (ranges == 1 || !workers_->run(count, step, ranges, body)) body(0, count);
}

float* scratch(int slot, int64_t floats) {
  struct Free {
    void operator()(float* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };
  struct Buffer {
    std::unique_ptr<float[], Free> memory;
    int64_t floats = 0;
  };
  static const PerThread<std::array<Buffer, 4>> buffers;
  Buffer& buffer = buffers.get()[slot];
  if (buffer.floats < floats) {
    buffer.memory.reset();
    buffer.floats = 0;
    buffer.memory.reset(static_cast<float*>(::operator new[](sizeof(float) * floats, std::align_val_t{64})));
    buffer.floats = floats;
  }
  return buffer.memory.get();
}

}  // namespace janus::cpu
