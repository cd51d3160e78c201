// Convolutions by another library, where the build has one that is faster.
#pragma once

#include <cstdint>

#include "core/cpu/team.h"
#include "core/tensor/device.h"

namespace janus::cpu {

struct ConvShape {
  int64_t height, width, channels;  // input
  int64_t kernel_height, kernel_width;
  int64_t out_height, out_width, filters;
  Conv2dOptions options;

  int64_t depth() const { return kernel_height * kernel_width * channels; }
};

// Does the convolution and returns true, or returns false for shapes that conv.cc does as fast. Linked from
// onednn/conv.cc or portable/no_onednn.cc. bias: [F] or null.
bool library_conv2d(const Team& team, const ConvShape& shape, const Tensor& x, const Tensor& weight,
                    const float* bias, Tensor& out);

}  // namespace janus::cpu
