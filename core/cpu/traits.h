// What the CPU is like as a device.
#pragma once

#include "core/tensor/device.h"

namespace janus::cpu {

inline constexpr DeviceTraits kTraits{.takes_threads = true, .batch_rows = 8};

}  // namespace janus::cpu
