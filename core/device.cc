#include "core/device.h"

#include <array>

#include "core/cpu/cpu_device.h"
#include "core/error.h"

namespace janus {

// core/cuda, or the one-function file that stands in for it.
std::shared_ptr<Device> open_cuda_device(std::string_view name);

namespace {

struct Backend {
  std::string_view name;
  std::shared_ptr<Device> (*open)(std::string_view name, const DeviceOptions& options);
};

constexpr std::array kBackends = {
    Backend{"cpu",
            [](std::string_view name, const DeviceOptions& options) -> std::shared_ptr<Device> {
              check(name == "cpu", "--device {}: expected cpu, cuda, cuda:N or auto", name);
              return std::make_shared<cpu::CpuDevice>(options.threads);
            }},
    Backend{"cuda", [](std::string_view name, const DeviceOptions&) { return open_cuda_device(name); }},
};

}  // namespace

std::shared_ptr<Device> open_device(std::string_view name, const DeviceOptions& options) {
  check(options.threads >= 0 && options.threads <= 1024, "threads: expected 0 to 1024, found {}",
        options.threads);
  const std::string_view full = name == "auto" ? "cpu" : name;
  const std::string_view kind = full.substr(0, full.find(':'));
  for (const Backend& backend : kBackends) {
    if (backend.name == kind) return backend.open(full, options);
  }
  fail("--device {}: expected cpu, cuda, cuda:N or auto", name);
}

}  // namespace janus
