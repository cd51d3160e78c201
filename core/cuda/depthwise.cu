// Convolution of each channel alone: a thread an output, neighbours of neighbouring channels.
#include "core/cuda/cuda_device.h"
#include "core/cuda/elements.h"
#include "core/cuda/grid_stride.h"
#include "core/cuda/launch.h"

namespace janus::cuda {
namespace {

// weight [C, taps] -> [taps, C] in f32.
template <DType kType>
__global__ void turn_taps(const unsigned char* weight, int64_t channels, int64_t taps, float* out) {
  for (int64_t i = first_index(); i < channels * taps; i += index_step()) {
    out[i] = float_element<kType>(weight, i % channels * taps + i / channels);
  }
}

struct DepthwiseShape {
  int64_t height, width, channels, out_height, out_width;
  int kernel_height, kernel_width, stride, pad_top, pad_left;
};

// Taps of a window along one side that lie inside the image.
struct TapRange {
  int first, last;  // `last` is no longer inside
};
__device__ __forceinline__ TapRange taps_inside(int64_t start, int64_t size, int taps) {
  const int64_t first = start < 0 ? -start : 0, last = size - start < taps ? size - start : taps;
  return {static_cast<int>(first), static_cast<int>(last)};
}

// taps: [kh * kw, C]; bias may be null.
__global__ void depthwise_kernel(const float* x, const float* taps, const float* bias, DepthwiseShape shape,
                                 int64_t count, float* out) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    const int64_t channel = i % shape.channels, pixel = i / shape.channels;
    const int64_t row = pixel / shape.out_width, image = row / shape.out_height;
    const int64_t top = row % shape.out_height * shape.stride - shape.pad_top;
    const int64_t left = pixel % shape.out_width * shape.stride - shape.pad_left;
    const float* const from = x + image * shape.height * shape.width * shape.channels + channel;
    const TapRange rows = taps_inside(top, shape.height, shape.kernel_height),
                   columns = taps_inside(left, shape.width, shape.kernel_width);
    float total = bias != nullptr ? bias[channel] : 0.0F;
    for (int ky = rows.first; ky < rows.last; ++ky) {
      for (int kx = columns.first; kx < columns.last; ++kx) {
        total = fmaf(from[((top + ky) * shape.width + left + kx) * shape.channels],
                     taps[(ky * shape.kernel_width + kx) * shape.channels + channel], total);
      }
    }
    out[i] = total;
  }
}

}  // namespace

void CudaDevice::depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                  const Conv2dOptions& options, Tensor& out) {
  const std::shared_ptr<void> memory = allocate(channel_tap_bytes(weight.elements()));
  auto* const taps = static_cast<float*>(memory.get());
  with_float_type(weight.dtype(), [&]<DType kType>() {
    launch(stream(), {.grid = blocks_for(weight.elements())}, turn_taps<kType>,
           static_cast<const unsigned char*>(weight.raw()), weight.size(0), weight.size(2) * weight.size(3),
           taps);
  });
  const DepthwiseShape shape{.height = x.size(1),
                             .width = x.size(2),
                             .channels = x.size(3),
                             .out_height = out.size(1),
                             .out_width = out.size(2),
                             .kernel_height = static_cast<int>(weight.size(2)),
                             .kernel_width = static_cast<int>(weight.size(3)),
                             .stride = options.stride,
                             .pad_top = options.pad_top,
                             .pad_left = options.pad_left};
  launch(stream(), {.grid = blocks_for(out.elements())}, depthwise_kernel, x.data<float>(), taps,
         bias.empty() ? nullptr : bias.data<float>(), shape, out.elements(), out.data<float>());
}

}  // namespace janus::cuda
