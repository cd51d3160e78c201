// Where the programs of tests/core link the emulated card, every name of a device but "cpu" is it.
#include "core/tensor/device.h"

#include <memory>
#include <string_view>

#include "core/cuda/module.h"

namespace janus {

std::shared_ptr<Device> open_cuda_device(std::string_view name) {
  std::shared_ptr<Device> device;
  janus_cuda_open(name, device);
  return device;
}

}  // namespace janus
