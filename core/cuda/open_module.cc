// Loads the CUDA backend, a shared library beside the program, when a GPU is asked for.
#include <memory>
#include <string_view>

#include "core/base/error.h"
#include "core/base/shared_module.h"
#include "core/cuda/module.h"
#include "core/tensor/device.h"

namespace janus {

std::shared_ptr<Device> open_cuda_device(std::string_view name) {
  constexpr const char* kModule = "cuda";
  const SharedModule module = open_shared_module(kModule, cuda::kEntryName);
  check(module.entry != nullptr,
        "device {}: expected the CUDA backend {} beside the program, found {}; build it with -DJANUS_CUDA=ON "
        "or use --device cpu",
        name, shared_module_file(kModule), module.fault);
  std::shared_ptr<Device> device;
  reinterpret_cast<decltype(&janus_cuda_open)>(module.entry)(name, device);
  return device;
}

}  // namespace janus
