#include "core/device.h"

#include <array>

#include "core/cpu/cpu_device.h"
#include "core/error.h"
#include "core/peaks.h"

namespace janus {

// core/cuda, or the one-function file that stands in for it.
std::shared_ptr<Device> open_cuda_device(std::string_view name);

namespace {

struct Backend {
  std::string_view name;
  std::shared_ptr<Device> (*open)(std::string_view name, const DeviceOptions& options);
  // Null where they cannot be measured.
  double (*read_bandwidth)(Device& device);
  double (*multiply_add_peak)(Device& device);
  double (*int8_peak)(Device& device);
};

constexpr std::array kBackends = {
    Backend{"cpu",
            [](std::string_view name, const DeviceOptions& options) -> std::shared_ptr<Device> {
              check(name == "cpu", "--device {}: expected cpu, cuda, cuda:N or auto", name);
              return std::make_shared<cpu::CpuDevice>(options.threads);
            },
            [](Device& device) { return static_cast<cpu::CpuDevice&>(device).read_bandwidth(); },
            [](Device& device) { return static_cast<cpu::CpuDevice&>(device).multiply_add_peak(); },
            [](Device& device) { return static_cast<cpu::CpuDevice&>(device).int8_peak(); }},
    Backend{"cuda", [](std::string_view name, const DeviceOptions&) { return open_cuda_device(name); },
            nullptr, nullptr, nullptr},
};

// Of "cpu", "cuda:1".
const Backend* backend_of(std::string_view name) {
  const std::string_view kind = name.substr(0, name.find(':'));
  for (const Backend& backend : kBackends) {
    if (backend.name == kind) return &backend;
  }
  return nullptr;
}

double measure(Device& device, double (*Backend::*peak)(Device&)) {
  const Backend* backend = backend_of(device.name());
  check(backend != nullptr && backend->*peak != nullptr,
        "peaks, device {}: expected a device that can measure them, found none; use --device cpu",
        device.name());
  return (backend->*peak)(device);
}

}  // namespace

void Device::swish_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                          const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                          Tensor& out) {
  Tensor normed(*this, DType::f32, x.shape());
  group_norm(x, norm.weight, norm.bias, norm.groups, norm.eps, /*swish=*/true, normed);
  conv2d(normed, weight, bias, options, out);
  if (!residual.empty()) add(out, residual, out);
}

void Device::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  Tensor larger(*this, DType::f32, Shape{x.size(0), 2 * x.size(1), 2 * x.size(2), x.size(3)});
  upsample_nearest2x(x, larger);
  conv2d(larger, weight, bias, kSamePadding3x3, out);
}

std::shared_ptr<Device> open_device(std::string_view name, const DeviceOptions& options) {
  check(options.threads >= 0 && options.threads <= 1024, "threads: expected 0 to 1024, found {}",
        options.threads);
  const std::string_view full = name == "auto" ? "cpu" : name;
  const Backend* backend = backend_of(full);
  check(backend != nullptr, "--device {}: expected cpu, cuda, cuda:N or auto", name);
  return backend->open(full, options);
}

double read_bandwidth(Device& device) { return measure(device, &Backend::read_bandwidth); }

double multiply_add_peak(Device& device) { return measure(device, &Backend::multiply_add_peak); }

double int8_peak(Device& device) { return measure(device, &Backend::int8_peak); }

}  // namespace janus
