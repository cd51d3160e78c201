// The one function of the module libjanus_cuda.so, which core/cuda/open_module.cc loads when a card is asked
// for. So a program that was built with CUDA starts on machines without driver, card or module.
#pragma once

#include <memory>
#include <string_view>

#include "core/tensor/device.h"

namespace janus::cuda {

// Which CUDA the module is built with.
inline constexpr const char* kToolkit = "13";
// The name holds what program and module must agree on: the Device contract. Counted up with its changes.
inline constexpr const char* kEntryName = "janus_cuda_open_5";
#define janus_cuda_open janus_cuda_open_5

}  // namespace janus::cuda

// Opens "cuda" or "cuda:N". Throws janus::Error that names what is missing.
extern "C" [[gnu::visibility("default")]] void janus_cuda_open(const std::string_view& name,
                                                               std::shared_ptr<janus::Device>& device);
