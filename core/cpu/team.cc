#include "core/cpu/team.h"

#include <omp.h>
#include <sched.h>

#include <array>
#include <exception>
#include <memory>
#include <mutex>
#include <new>

#include "core/cpu/processor_quota.h"

namespace janus::cpu {
namespace {

// The processors in this process's affinity mask.
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

void pin(int processor) {
  thread_local int pinned = -1;
  if (pinned == processor) return;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (processor < CPU_SETSIZE) {
    CPU_SET(processor, &mask);
    sched_setaffinity(0, sizeof mask, &mask);  // a refusal costs speed only
  }
  pinned = processor;
}

}  // namespace

Team::Team(int threads) : threads_(threads), processors_(allowed_processors()) {
  // Under OMP_PROC_BIND OpenMP does the pinning, the caller's thread included, whose mask is then no guide.
  const bool bound = omp_get_proc_bind() != omp_proc_bind_false;
  const int available = bound ? omp_get_num_procs() : static_cast<int>(processors_.size());
  if (threads_ == 0) {
    const int quota = quota_processors();
    threads_ = quota > 0 ? std::min(available, quota) : available;
  }
  if (bound || threads_ > available) {
    processors_.clear();  // with too many threads the system shares them out better than a fixed plan
    return;
  }
  const auto own = std::find(processors_.begin(), processors_.end(), sched_getcpu());
  if (own != processors_.end()) std::rotate(processors_.begin(), own, processors_.end());
}

void Team::parallel_for(int64_t count, int64_t step,
                        const std::function<void(int64_t, int64_t)>& body) const {
  const int64_t steps = (count + step - 1) / step;
  const int parts = static_cast<int>(std::min<int64_t>(threads_, steps));
  if (parts <= 1) {
    if (count > 0) body(0, count);
    return;
  }
  std::exception_ptr failure;
  std::mutex mutex;
#pragma omp parallel num_threads(parts)
  {
    const int thread = omp_get_thread_num();
    const int team = omp_get_num_threads();  // fewer than asked for where a limit is set
    if (thread > 0 && !processors_.empty()) pin(processors_[thread]);
    try {
      const int64_t begin = std::min(count, steps * thread / team * step);
      const int64_t end = std::min(count, steps * (thread + 1) / team * step);
      if (begin < end) body(begin, end);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }

OneThread::~OneThread() { omp_set_num_threads(before_); }

float* scratch(int slot, int64_t floats) {
  struct Free {
    void operator()(float* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };
  struct Buffer {
    std::unique_ptr<float[], Free> memory;
    int64_t floats = 0;
  };
  thread_local std::array<Buffer, 4> buffers;
  Buffer& buffer = buffers[slot];
  if (buffer.floats < floats) {
    buffer.memory.reset();
    buffer.floats = 0;
    buffer.memory.reset(static_cast<float*>(::operator new[](sizeof(float) * floats, std::align_val_t{64})));
    buffer.floats = floats;
  }
  return buffer.memory.get();
}

}  // namespace janus::cpu
