// Convolutions of 3 x 3 taps in tiles of 4 x 4 pixels, with a quarter of the multiplications
// (simd/winograd.h).
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/team.h"
#include "core/tensor/tensor.h"

namespace janus::cpu {

// What is done to the input on its way in: (x - mean) * scale + bias, then times its sigmoid.
struct InputNorm {
  const float* mean = nullptr;   // [B, C]
  const float* scale = nullptr;  // [B, C]
  const float* bias = nullptr;   // [C]
  bool swish = false;
};

struct WinogradConv {
  const Tensor& x;       // [B, h, w, C]
  const Tensor& weight;  // [F, C, 3, 3] of any float type
  const float* bias = nullptr;
  const InputNorm* norm = nullptr;  // null: the input as it is. Padding stays zero.
  bool doubled = false;             // x with each pixel taken twice each way
  const float* residual = nullptr;  // added, of out's shape
};

// out [B, h, w, F] (h and w twice as large if `doubled`) of the picture padded by 1 on all sides. Right for
// any size, channels and filters. It takes memory of out's device for the transformed filters, four times
// their f32 size (2.8 times if `doubled`), and a few MiB a thread, whatever the size of the picture.
void winograd_conv2d(const Kernels& kernels, const Team& team, const WinogradConv& conv, Tensor& out);

}  // namespace janus::cpu
