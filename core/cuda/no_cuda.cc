// Stands in for the CUDA backend where the build has none.
#include <memory>
#include <string_view>

#include "core/base/error.h"
#include "core/tensor/device.h"

namespace janus {

std::shared_ptr<Device> open_cuda_device(std::string_view name) {
  fail("device {}: this build of janus has no CUDA backend; use --device cpu", name);
}

}  // namespace janus
