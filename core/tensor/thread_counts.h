// The number of threads that DeviceOptions may ask for.
#pragma once

#include "core/base/range.h"

namespace janus {

inline constexpr IntRange kThreadCounts{.low = 1, .high = 1024};

}  // namespace janus
