// Whether stored weights are numbers.
#pragma once

#include "core/quant/format.h"

namespace janus {

// Whether no element is infinite or not a number. `count` elements, whole blocks, of a type that weights may
// have.
bool all_finite(DType type, const std::byte* from, int64_t count);

}  // namespace janus
