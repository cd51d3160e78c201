#include "core/cpu/cpu_device.h"

#include <cstring>
#include <fstream>

#include "core/cpu/hardware_peaks.h"

namespace janus::cpu {
namespace {

// Two of the largest activations of the image decoder (384 x 384 x 128): what comes and goes within one of
// its blocks. More would stay as a part of the peak.
constexpr size_t kPoolBytes = size_t{160} << 20;

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      const size_t colon = line.find(": ");
      if (colon != std::string::npos) return line.substr(colon + 2);
    }
  }
  return "processor";
}

}  // namespace

CpuDevice::CpuDevice(int threads)
    : kernels_(cpu::kernels()), thread_pool_(threads), pool_(std::make_shared<MemoryPool>(kPoolBytes)) {}

std::string CpuDevice::description() const {
  return processor_name() + ", " + std::to_string(thread_pool_.threads()) +
         (thread_pool_.threads() == 1 ? " thread, " : " threads, ") + kernels_.name;
}

double CpuDevice::read_bandwidth() const {
  constexpr int64_t kBytes = int64_t{1} << 28;
  constexpr int kPasses = 3;
  return cpu::read_bandwidth(kernels_, thread_pool_, kBytes, kPasses);
}

double CpuDevice::multiply_add_peak() const { return cpu::multiply_add_peak(kernels_, thread_pool_); }

double CpuDevice::int8_peak() const { return cpu::int8_peak(kernels_, thread_pool_); }

double CpuDevice::matrix_peak() const {
  return kernels_.terms == nullptr ? 0 : cpu::matrix_peak(kernels_, thread_pool_);
}

double CpuDevice::product_peak(DType weights) const {
  if (kernels_.terms != nullptr) return matrix_peak();
  return is_quantized(weights) ? cpu::int16_peak(kernels_, thread_pool_) : multiply_add_peak();
}

void CpuDevice::upload(void* to, const void* from_host, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from_host, bytes);
}

void CpuDevice::download(void* to_host, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to_host, from, bytes);
}

}  // namespace janus::cpu
