// What a group norm needs to know of its whole input before it can be applied to any part.
#pragma once

#include <vector>

#include "core/cpu/kernels.h"
#include "core/cpu/team.h"
#include "core/tensor/device.h"

namespace janus::cpu {

// The norm of channel c of row b is (x - mean[b * C + c]) * scale[b * C + c] + bias[c]: as channel_scale has
// it.
struct GroupStatistics {
  std::vector<float> mean, scale;
};

// x: [B, h, w, C]. Reads x once.
GroupStatistics group_statistics(const Kernels& kernels, const Team& team, const Tensor& x,
                                 const GroupNormOptions& norm);

}  // namespace janus::cpu
