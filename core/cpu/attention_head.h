// One head of attention.
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"

namespace janus::cpu {

// The keys and values of one head: `count` rows of `width`, of a float type.
struct Head {
  Matrix keys, values;
  int64_t count, width;
};

}  // namespace janus::cpu
