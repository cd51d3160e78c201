// Convolutions as products whose left rows are what a kernel sees of the image, read where it lies.
#include "core/cuda/conv_rows.h"
#include "core/cuda/cuda_device.h"
#include "core/cuda/tile.h"

namespace janus::cuda {
namespace {

// Filters [F, C, kh, kw] -> [F, kh, kw, C]: eight numbers that follow each other are of one pixel.
template <typename T>
__global__ void reorder_filters(const T* from, int64_t filters, int64_t channels, int64_t taps, T* to) {
  const int64_t count = filters * channels * taps;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % channels, tap = i / channels % taps, f = i / channels / taps;
    to[i] = from[(f * channels + c) * taps + tap];
  }
}

}  // namespace

void CudaDevice::conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options, Tensor& out) {
  const int64_t filters = weight.size(0), channels = weight.size(1), taps = weight.size(2) * weight.size(3);
  const int64_t depth = channels * taps;
  Tensor ordered(*this, weight.dtype(), Shape{filters, depth});
  const Launch shape{.grid = blocks_for(weight.elements())};
  if (weight.dtype() == DType::f32) {
    launch(stream(), shape, reorder_filters<float>, weight.data<float>(), filters, channels, taps,
           ordered.data<float>());
  } else {
    launch(stream(), shape, reorder_filters<uint16_t>, weight.data<uint16_t>(), filters, channels, taps,
           ordered.data<uint16_t>());
  }
  const ConvRows left{.data = x.data<float>(),
                      .height = x.size(1),
                      .width = x.size(2),
                      .channels = channels,
                      .kernel_width = weight.size(3),
                      .out_height = out.size(1),
                      .out_width = out.size(2),
                      .stride = options.stride,
                      .pad_top = options.pad_top,
                      .pad_left = options.pad_left,
                      .rows = out.elements() / filters,
                      .depth = depth};
  const TileOutput output{out.data<float>(), filters, 0, bias.empty() ? nullptr : bias.data<float>()};
  const ProductShape product{left.rows, filters, depth};
  const MatrixView view = MatrixView::of(ordered);
  if (weight.dtype() == DType::f32) {
    run_full_product(stream(), product, left, WeightRows<DType::f32>{view, filters}, output);
  } else if (weight.dtype() == DType::bf16) {
    run_split_product(stream(), product, left, WeightRows<DType::bf16>{view, filters}, output);
  } else {
    run_split_product(stream(), product, left, WeightRows<DType::f16>{view, filters}, output);
  }
}

}  // namespace janus::cuda
