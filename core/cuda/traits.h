// What a GPU is like as a device.
#pragma once

#include "core/tensor/device.h"

namespace janus::cuda {

inline constexpr DeviceTraits kTraits{
    .has_own_memory = true, .supports_device_decoding = true, .splits_activations = true, .batch_rows = 32};

}  // namespace janus::cuda
