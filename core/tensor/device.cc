#include "core/tensor/device.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/cpu/cpu_device.h"
#include "core/cpu/cpu_dry_device.h"
#include "core/cuda/cuda_dry_device.h"
#include "core/tensor/dry_device.h"
#include "core/tensor/hardware_peaks.h"
#include "core/tensor/thread_counts.h"

namespace janus {

// core/cuda, or the one-function file that stands in for it.
std::shared_ptr<Device> open_cuda_device(std::string_view name);

namespace {

struct Backend {
  std::string_view name;
  bool is_numbered;  // a machine may have several: "name:N"
  const DeviceTraits& (*traits)();
  std::shared_ptr<Device> (*open)(std::string_view name, const DeviceOptions& options);
  std::unique_ptr<DryDevice> (*open_dry)(std::string_view name);
  Layout (*preferred_weight_layout)(DType dtype, int64_t length);
};

// "auto" takes the last that can be had.
constexpr std::array kBackends = {
    Backend{.name = "cpu",
            .is_numbered = false,
            .traits = []() -> const DeviceTraits& { return cpu::traits_of(cpu::kernels()); },
            .open = [](std::string_view, const DeviceOptions& options) -> std::shared_ptr<Device> {
              return std::make_shared<cpu::CpuDevice>(options.threads);
            },
            .open_dry = [](std::string_view) -> std::unique_ptr<DryDevice> {
              return std::make_unique<cpu::CpuDryDevice>();
            },
            .preferred_weight_layout =
                [](DType dtype, int64_t length) {
                  return cpu::preferred_weight_layout(cpu::kernels(), dtype, length);
                }},
    Backend{.name = "cuda",
            .is_numbered = true,
            .traits = []() -> const DeviceTraits& { return cuda::kTraits; },
            .open = [](std::string_view name, const DeviceOptions&) { return open_cuda_device(name); },
            .open_dry = [](std::string_view name) -> std::unique_ptr<DryDevice> {
              return std::make_unique<cuda::CudaDryDevice>(std::string(name));
            },
            .preferred_weight_layout =
                [](DType dtype, int64_t length) {
                  return can_pack(dtype, length) ? Layout::packed : Layout::plain;
                }},
};

// Finds the backend of "cpu", "cuda:1"; null where there is none.
const Backend* find_backend(std::string_view name) {
  const size_t colon = name.find(':');
  const std::string_view number = colon == name.npos ? "0" : name.substr(colon + 1);
  if (number.empty() || number.find_first_not_of("0123456789") != name.npos) return nullptr;
  for (const Backend& backend : kBackends) {
    if (backend.name == name.substr(0, colon)) {
      return colon == name.npos || backend.is_numbered ? &backend : nullptr;
    }
  }
  return nullptr;
}

const Backend& backend_of(std::string_view name) {
  const Backend* const backend = find_backend(name);
  check(backend != nullptr, "--device {}: expected {}", name, device_names());
  return *backend;
}

double measured(const Device& device, double peak) {
  check(peak > 0, "peaks, device {}: expected a device that can measure them, found none; use --device cpu",
        device.name());
  return peak;
}

}  // namespace

std::shared_ptr<Device> open_device(std::string_view name, const DeviceOptions& options) {
  if (options.threads != 0) kThreadCounts.check("threads", options.threads);
  if (name != "auto") return backend_of(name).open(name, options);
  for (size_t i = kBackends.size(); --i > 0;) {
    try {
      return kBackends[i].open(kBackends[i].name, options);
    } catch (const Error&) {
      continue;
    }
  }
  return kBackends[0].open(kBackends[0].name, options);
}

std::unique_ptr<DryDevice> open_dry_device(std::string_view device_name) {
  return backend_of(device_name).open_dry(device_name);
}

const DeviceTraits& device_traits(std::string_view device_name) { return backend_of(device_name).traits(); }

bool is_device_name(std::string_view name) { return name == "auto" || find_backend(name) != nullptr; }

std::string device_names() {
  std::string names = "auto";
  for (const Backend& backend : kBackends) {
    names += ", " + std::string(backend.name);
    if (backend.is_numbered) names += ", " + std::string(backend.name) + ":N";
  }
  return names.replace(names.rfind(','), 1, " or");
}

void for_each_device(const std::function<void(Device&)>& use) {
  constexpr int kMost = 64;  // of a backend
  for (const Backend& backend : kBackends) {
    for (int index = 0; index < (backend.is_numbered ? kMost : 1); ++index) {
      std::shared_ptr<Device> device;
      const std::string number = backend.is_numbered ? ":" + std::to_string(index) : "";
      try {
        device = backend.open(std::string(backend.name) + number, {});
      } catch (const Error&) {
        break;  // numbers have no gaps
      }
      use(*device);
    }
  }
}

Layout preferred_weight_layout_on(std::string_view device_name, DType dtype, int64_t length) {
  const Backend* const backend = find_backend(device_name);
  return backend == nullptr ? Layout::plain : backend->preferred_weight_layout(dtype, length);
}

double read_bandwidth(Device& device) { return measured(device, device.read_bandwidth()); }

double multiply_add_peak(Device& device) { return measured(device, device.multiply_add_peak()); }

double int8_peak(Device& device) { return measured(device, device.int8_peak()); }

double product_peak(Device& device, DType weights) { return measured(device, device.product_peak(weights)); }

double matrix_peak(Device& device) { return device.matrix_peak(); }

}  // namespace janus
