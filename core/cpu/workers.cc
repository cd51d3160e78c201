#include "core/cpu/workers.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace janus::cpu {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than nearly all pauses between the operations of a model; a small part of the time for which the
// system hands out a processor, so that a busy machine loses little to it.
constexpr auto kSpin = std::chrono::microseconds(50);

void pin(int processor) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (processor >= CPU_SETSIZE) return;
  CPU_SET(processor, &mask);
  sched_setaffinity(0, sizeof mask, &mask);  // a refusal costs speed only
}

void await_change(const std::atomic<uint32_t>& value, uint32_t old) {
  const Clock::time_point end = Clock::now() + kSpin;
  do {
    if (value.load(std::memory_order_acquire) != old) return;
  } while (Clock::now() < end);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::Workers::Workers(int ranges, std::vector<int> processors)
    : processors_(std::move(processors)), claimed_(static_cast<size_t>(ranges)) {}

ThreadPool::Workers::~Workers() {
  ended_ = true;
  ++pieces_;
  pieces_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Workers::start() {
  try {
    for (size_t thread = threads_.size() + 1; thread < processors_.size(); ++thread) {
      threads_.emplace_back([this, thread] { serve(thread); });
    }
  } catch (const std::exception&) {
    // There are no more threads, or no memory for one: those there are do the work.
  }
}

void ThreadPool::Workers::serve(size_t thread) {
  pin(processors_[thread]);
  for (uint32_t seen = 0;;) {
    await_change(pieces_, seen);
    seen = pieces_.load(std::memory_order_acquire);
    if (ended_) return;
    uint32_t inside = inside_.load(std::memory_order_relaxed);
    while ((inside & kOpen) != 0 &&
           !inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_acq_rel,
                                          std::memory_order_relaxed)) {
    }
    if ((inside & kOpen) == 0) continue;
    work(thread);
    if (inside_.fetch_sub(1, std::memory_order_acq_rel) == 1) inside_.notify_one();
  }
}

// Does every range that nobody has claimed, from the thread's own on.
void ThreadPool::Workers::work(size_t thread) {
  const int64_t steps = (count_ + step_ - 1) / step_;
  for (int i = 0; i < ranges_; ++i) {
    const int range = static_cast<int>((thread + static_cast<size_t>(i)) % static_cast<size_t>(ranges_));
    std::atomic<bool>& claimed = claimed_[static_cast<size_t>(range)];
    if (claimed.load(std::memory_order_relaxed) || claimed.exchange(true, std::memory_order_relaxed))
      continue;
    const int64_t begin = std::min(count_, steps * range / ranges_ * step_);
    const int64_t end = std::min(count_, steps * (range + 1) / ranges_ * step_);
    if (begin >= end) continue;
    try {
      (*body_)(begin, end);
    } catch (...) {
      const std::lock_guard lock(failure_mutex_);
      failure_ = std::current_exception();
    }
  }
}

bool ThreadPool::Workers::run(int64_t count, int64_t step, int ranges,
                              const std::function<void(int64_t, int64_t)>& body) {
  if (busy_.exchange(true, std::memory_order_acquire)) return false;
  if (threads_.empty()) start();
  body_ = &body;
  count_ = count;
  step_ = step;
  ranges_ = ranges;
  for (int i = 0; i < ranges; ++i) claimed_[static_cast<size_t>(i)].store(false, std::memory_order_relaxed);
  inside_.store(kOpen, std::memory_order_release);
  pieces_.fetch_add(1, std::memory_order_release);
  pieces_.notify_all();
  work(0);
  uint32_t inside = inside_.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
  while (inside != 0) {
    await_change(inside_, inside);
    inside = inside_.load(std::memory_order_acquire);
  }
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  busy_.store(false, std::memory_order_release);
  if (failure) std::rethrow_exception(failure);
  return true;
}

}  // namespace janus::cpu
