#include "core/cpu/hardware_peaks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "core/cpu/memory_pool.h"

namespace janus::cpu {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size()) / 2, values.end());
  return values[values.size() / 2];
}

// Operations a second of all threads together. `run` takes a number of rounds and tells its operations.
template <typename Run>
double peak(const ThreadPool& thread_pool, const Run& run) {
  constexpr int64_t kRounds = 4 << 20;
  std::vector<double> rates;
  for (int pass = 0; pass < 5; ++pass) {
    std::atomic<int64_t> operations = 0;
    const Clock::time_point start = Clock::now();
    thread_pool.parallel_for(thread_pool.threads(), [&](int64_t, int64_t) { operations += run(kRounds); });
    rates.push_back(static_cast<double>(operations) / seconds_since(start));
  }
  return median(rates);
}

double whole_peak(const ThreadPool& thread_pool, int64_t (*multiply_add)(int64_t rounds, int32_t* result)) {
  return peak(thread_pool, [&](int64_t rounds) {
    int32_t result[2] = {0x0101, 0x0101};
    return multiply_add(rounds, result);
  });
}

}  // namespace

double read_bandwidth(const Kernels& kernels, const ThreadPool& thread_pool, int64_t bytes, int passes) {
  const int64_t floats = std::max(kReadStep, bytes / 4 / kReadStep * kReadStep);
  const auto pool = std::make_shared<MemoryPool>(0);  // in large pages, as weights
  const std::shared_ptr<void> memory = pool->allocate(static_cast<size_t>(floats) * sizeof(float));
  auto* data = static_cast<float*>(memory.get());
  // Each thread first touches what it will read.
  thread_pool.parallel_for(floats, kReadStep,
                           [&](int64_t begin, int64_t end) { std::fill(data + begin, data + end, 1.0F); });
  std::array<std::vector<double>, kReadShapes> rates;
  std::atomic<float> sink = 0.0F;
  for (int pass = 0; pass < passes; ++pass) {
    for (int shape = 0; shape < kReadShapes; ++shape) {
      const Clock::time_point start = Clock::now();
      thread_pool.parallel_for(floats, kReadStep, [&](int64_t begin, int64_t end) {
        sink = kernels.read_all(data + begin, end - begin, shape);
      });
      rates[shape].push_back(static_cast<double>(floats) * sizeof(float) / seconds_since(start));
    }
  }
  double best = 0;
  for (const std::vector<double>& of_shape : rates) best = std::max(best, median(of_shape));
  return best;
}

double multiply_add_peak(const Kernels& kernels, const ThreadPool& thread_pool) {
  return peak(thread_pool, [&](int64_t rounds) {
    float result[2] = {0.5F, 1.0F};
    return kernels.multiply_add(rounds, result);
  });
}

double matrix_peak(const Kernels& kernels, const ThreadPool& thread_pool) {
  return peak(thread_pool, [&](int64_t rounds) {
    // A round is four tiles, which take longer than twelve vectors.
    float result = 0;
    return kernels.terms->multiply_add(rounds / 8, &result);
  });
}

double int8_peak(const Kernels& kernels, const ThreadPool& thread_pool) {
  return whole_peak(thread_pool, kernels.multiply_add_bytes);
}

double int16_peak(const Kernels& kernels, const ThreadPool& thread_pool) {
  return whole_peak(thread_pool, kernels.multiply_add_int16);
}

}  // namespace janus::cpu
