#include "core/tensor/device.h"

#include <array>

#include "core/base/error.h"
#include "core/cpu/cpu_device.h"
#include "core/tensor/peaks.h"

namespace janus {

// core/cuda, or the one-function file that stands in for it.
std::shared_ptr<Device> open_cuda_device(std::string_view name);

namespace {

struct Backend {
  std::string_view name;
  std::shared_ptr<Device> (*open)(std::string_view name, const DeviceOptions& options);
  DType (*product_type)(DType stored, int64_t length);
};

constexpr std::array kBackends = {
    Backend{"cpu",
            [](std::string_view name, const DeviceOptions& options) -> std::shared_ptr<Device> {
              check(name == "cpu", "--device {}: expected cpu, cuda, cuda:N or auto", name);
              return std::make_shared<cpu::CpuDevice>(options.threads);
            },
            [](DType stored, int64_t length) { return cpu::product_type(cpu::kernels(), stored, length); }},
    Backend{"cuda", [](std::string_view name, const DeviceOptions&) { return open_cuda_device(name); },
            lanes_of},
};

// Of "cpu", "cuda:1".
const Backend* backend_of(std::string_view name) {
  const std::string_view kind = name.substr(0, name.find(':'));
  for (const Backend& backend : kBackends) {
    if (backend.name == kind) return &backend;
  }
  return nullptr;
}

double measured(const Device& device, double peak) {
  check(peak > 0, "peaks, device {}: expected a device that can measure them, found none; use --device cpu",
        device.name());
  return peak;
}

}  // namespace

std::shared_ptr<Device> open_device(std::string_view name, const DeviceOptions& options) {
  check(options.threads >= 0 && options.threads <= 1024, "threads: expected 0 to 1024, found {}",
        options.threads);
  if (name == "auto") {
    try {
      return open_cuda_device("cuda");
    } catch (const Error&) {
      return open_device("cpu", options);
    }
  }
  const Backend* backend = backend_of(name);
  check(backend != nullptr, "--device {}: expected cpu, cuda, cuda:N or auto", name);
  return backend->open(name, options);
}

DType product_type_on(std::string_view device_name, DType stored, int64_t length) {
  const Backend* backend = backend_of(device_name);
  return backend == nullptr ? stored : backend->product_type(stored, length);
}

double read_bandwidth(Device& device) { return measured(device, device.read_bandwidth()); }

double multiply_add_peak(Device& device) { return measured(device, device.multiply_add_peak()); }

double int8_peak(Device& device) { return measured(device, device.int8_peak()); }

double product_peak(Device& device, DType weights) { return measured(device, device.product_peak(weights)); }

}  // namespace janus
