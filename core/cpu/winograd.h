// Convolutions of 3 x 3 taps in tiles of 4 x 4 pixels, with a quarter of the multiplications
// (simd/winograd.h).
#pragma once

#include <cstdint>

#include "core/cpu/kernels.h"
#include "core/cpu/thread_pool.h"
#include "core/tensor/device.h"

namespace janus::cpu {

// What is done to the input on its way in: (x - mean) * scale + bias, then times its sigmoid.
struct InputNorm {
  const float* mean = nullptr;   // [B, C]
  const float* scale = nullptr;  // [B, C]
  const float* bias = nullptr;   // [C]
  bool silu = false;
};

struct WinogradConv {
  const Tensor& x;       // [B, h, w, C]
  const Tensor& weight;  // [F, C, 3, 3] of any float type
  const float* bias = nullptr;
  const InputNorm* norm = nullptr;  // null: the input as it is. Padding stays zero.
  bool doubled = false;             // x with each pixel taken twice each way
  const float* residual = nullptr;  // added, of out's shape
};

// Whether these kernels are made for such a convolution: 3 x 3 taps, the result as large as the input.
bool is_same3x3(const Tensor& weight, const Conv2dOptions& options);
// And faster than a plain product: with few channels or filters the sums cost more than the products save.
bool is_winograd_conv2d(const Tensor& weight, const Conv2dOptions& options);

// The transformed filters of a weight [F, C, 3, 3], f32: [panels, floats of a panel of tile_columns filters].
// In a matrix unit: of every product the terms of bf16 of all filters, as floats.
Shape winograd_filters(const Kernels& kernels, const Shape& weight, bool doubled);

// out [B, h, w, F] (h and w twice as large if `doubled`) of the image padded by 1 on all sides. Right for
// any size, channels and filters. It takes memory of out's device for the transformed filters, four times
// their f32 size (2.8 times if `doubled`; in a matrix unit half as much again, and as if channels and filters
// were multiples of 256 and 32), and a few MiB a thread, whatever the size of the image.
void winograd_conv2d(const Kernels& kernels, const ThreadPool& thread_pool, const WinogradConv& conv,
                     Tensor& out);

}  // namespace janus::cpu
