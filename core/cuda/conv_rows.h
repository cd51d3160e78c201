// The left side of a convolution as a product: row r is what the kernel sees at output pixel r.
#pragma once

#include "core/cuda/elements.h"

namespace janus::cuda {

// x [B, h, w, C]; a row's elements are ordered (y, x, channel) of the kernel, zeros outside the image.
struct ConvRows {
  static constexpr bool kAcross = false;
  static constexpr int kTerms = 2;
  const float* data;
  int64_t height, width, channels, kernel_width, out_height, out_width;
  int stride, pad_top, pad_left;
  int64_t rows, depth;

  __device__ void enter(int) {}

  // Where element k of output pixel (image, oy, ox) lies, or -1 outside the image.
  __host__ __device__ __forceinline__ int64_t place(int64_t image, int64_t oy, int64_t ox, int64_t k) const {
    const int64_t c = k % channels, tap = k / channels;
    const int64_t y = oy * stride - pad_top + tap / kernel_width;
    const int64_t x = ox * stride - pad_left + tap % kernel_width;
    if (y < 0 || y >= height || x < 0 || x >= width) return -1;
    return ((image * height + y) * width + x) * channels + c;
  }

  __device__ __forceinline__ void load(int64_t row, int64_t k, float (&to)[8]) const {
    if (row >= rows || k >= depth) return zeros(to);
    // 32 bits are enough for pixels and make the divisions cheap.
    const auto pixel = static_cast<uint32_t>(row), across = static_cast<uint32_t>(out_width);
    const auto down = static_cast<uint32_t>(out_height);
    const uint32_t ox = pixel % across, oy = pixel / across % down, image = pixel / across / down;
    if (channels % 8 == 0) {
      const int64_t at = place(image, oy, ox, k);
      if (at < 0) return zeros(to);
      const float4 a = *reinterpret_cast<const float4*>(data + at),
                   b = *reinterpret_cast<const float4*>(data + at + 4);
      to[0] = a.x, to[1] = a.y, to[2] = a.z, to[3] = a.w;
      to[4] = b.x, to[5] = b.y, to[6] = b.z, to[7] = b.w;
      return;
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int64_t at = k + i < depth ? place(image, oy, ox, k + i) : -1;
      to[i] = at < 0 ? 0.0F : data[at];
    }
  }
};

}  // namespace janus::cuda
