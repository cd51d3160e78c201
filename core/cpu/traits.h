// What the CPU is like as a device.
#pragma once

#include "core/tensor/device.h"

namespace janus::cpu {

inline constexpr DeviceTraits kTraits{.takes_threads = true, .most_images_at_once = 4};

}  // namespace janus::cpu
