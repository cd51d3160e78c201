// Convolutions as products whose left rows are what a kernel sees of the image, read where it lies: on tensor
// cores (conv_gemm.h) where filters have 2 bytes an element and channels come in whole steps, which are
// nearly all of a VQ decoder; else by the product of gemm.h, over conv_rows.h.
#include "core/cuda/conv_gemm.h"
#include "core/cuda/conv_rows.h"
#include "core/cuda/cuda_device.h"

namespace janus::cuda {
namespace {

// Filters [F, C, kh, kw] -> [F, kh, kw, C], a block a filter: eight elements that follow each other are of
// one pixel.
template <typename T>
__global__ void reorder_filters(const T* from, uint32_t channels, uint32_t taps, T* to) {
  const uint32_t depth = channels * taps;
  const int64_t first = int64_t{blockIdx.x} * depth;
  for (uint32_t i = threadIdx.x; i < depth; i += blockDim.x) {
    to[first + i] = from[first + i % channels * taps + i / channels];
  }
}

// The same of f16 in two terms of bf16, one behind the other.
__global__ void reorder_in_terms(const uint16_t* from, uint32_t channels, uint32_t taps, uint16_t* to) {
  const uint32_t depth = channels * taps;
  const int64_t first = int64_t{blockIdx.x} * depth, term_stride = int64_t{gridDim.x} * depth;
  for (uint32_t i = threadIdx.x; i < depth; i += blockDim.x) {
    const TwoTerms terms = two_terms(from_f16(from[first + i % channels * taps + i / channels]), 0.0F);
    to[first + i] = static_cast<uint16_t>(terms.high & 0xFFFFU);
    to[term_stride + first + i] = static_cast<uint16_t>(terms.low & 0xFFFFU);
  }
}

Tensor ordered_filters(Device& device, cudaStream_t stream, const Tensor& weight) {
  const int64_t filters = weight.size(0), taps = weight.size(2) * weight.size(3);
  Tensor ordered(device, weight.dtype(), Shape{filters, weight.size(1) * taps});
  const Launch shape{.grid = static_cast<unsigned>(filters)};
  const auto channels = static_cast<uint32_t>(weight.size(1));
  if (weight.dtype() == DType::f32) {
    launch(stream, shape, reorder_filters<float>, weight.data<float>(), channels, static_cast<uint32_t>(taps),
           ordered.data<float>());
  } else {
    launch(stream, shape, reorder_filters<uint16_t>, weight.data<uint16_t>(), channels,
           static_cast<uint32_t>(taps), ordered.data<uint16_t>());
  }
  return ordered;
}

bool fits_conv_gemm(const Tensor& weight) { return is_split_conv(weight.dtype(), weight.size(1)); }

// The split tensor's rows are pixels.
int pixel_count(const Tensor& x) { return static_cast<int>(x.elements() / x.shape().back()); }

ConvShape conv_shape(const Tensor& x, bool enlarged, const Tensor& weight, const Conv2dOptions& options,
                     const Tensor& out) {
  const auto whole = [](int64_t size) { return static_cast<int>(size); };
  return {.height = whole(x.size(1)) << int{enlarged},
          .width = whole(x.size(2)) << int{enlarged},
          .enlarged = enlarged,
          .channels = whole(x.size(3)),
          .kernel_height = whole(weight.size(2)),
          .kernel_width = whole(weight.size(3)),
          .out_height = whole(out.size(1)),
          .out_width = whole(out.size(2)),
          .stride = options.stride,
          .pad_top = options.pad_top,
          .pad_left = options.pad_left,
          .filters = whole(weight.size(0)),
          .pixels = out.elements() / weight.size(0)};
}

}  // namespace

void CudaDevice::split_conv(const SplitRows& x, const Tensor& weight, const ConvShape& shape,
                            const ConvOutput& out) {
  const int64_t elements = weight.elements();
  if (weight.dtype() == DType::bf16) {
    const Tensor ordered = ordered_filters(*this, stream(), weight);
    return run_conv<1>(stream(), x, {ordered.data<uint16_t>(), elements}, shape, out);
  }
  const Tensor terms(*this, DType::bf16, Shape{2, elements});
  launch(stream(), {.grid = static_cast<unsigned>(weight.size(0))}, reorder_in_terms, weight.data<uint16_t>(),
         static_cast<uint32_t>(weight.size(1)), static_cast<uint32_t>(weight.size(2) * weight.size(3)),
         const_cast<uint16_t*>(terms.data<uint16_t>()));
  run_conv<2>(stream(), x, {terms.data<uint16_t>(), elements}, shape, out);
}

void CudaDevice::conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options, Tensor& out) {
  const float* const bias_data = bias.empty() ? nullptr : bias.data<float>();
  if (fits_conv_gemm(weight)) {
    const SplitBuffer split(*this, pixel_count(x), x.size(3));
    split_rows(stream(), x.data<float>(), split.rows(), x.size(3));
    return split_conv(split.rows(), weight, conv_shape(x, false, weight, options, out),
                      {out.data<float>(), bias_data, nullptr});
  }
  const int64_t filters = weight.size(0);
  const Tensor ordered = ordered_filters(*this, stream(), weight);
  const ConvRows left{.data = x.data<float>(),
                      .height = x.size(1),
                      .width = x.size(2),
                      .channels = x.size(3),
                      .kernel_width = weight.size(3),
                      .out_height = out.size(1),
                      .out_width = out.size(2),
                      .stride = options.stride,
                      .pad_top = options.pad_top,
                      .pad_left = options.pad_left,
                      .rows = out.elements() / filters,
                      .depth = ordered.size(1)};
  const GemmOutput output{out.data<float>(), filters, 0, bias_data};
  const GemmShape product{left.rows, filters, left.depth};
  const MatrixView view = MatrixView::of(ordered);
  if (weight.dtype() == DType::f32) {
    run_f32_gemm(stream(), product, left, WeightRows<DType::f32>{view, filters}, output);
  } else if (weight.dtype() == DType::bf16) {
    run_split_gemm(stream(), product, left, WeightRows<DType::bf16>{view, filters}, output);
  } else {
    run_split_gemm(stream(), product, left, WeightRows<DType::f16>{view, filters}, output);
  }
}

// The norm writes what the product reads, and the residual is added as pixels are written.
void CudaDevice::silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                             const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                             Tensor& out) {
  if (!fits_conv_gemm(weight)) {
    return Device::silu_conv2d(x, norm, weight, bias, options, residual, out);
  }
  const SplitBuffer split(*this, pixel_count(x), x.size(3));
  const SplitRows terms = split.rows();
  group_norm_to(x, norm, /*silu=*/true, nullptr, &terms);
  split_conv(terms, weight, conv_shape(x, false, weight, options, out),
             {out.data<float>(), bias.empty() ? nullptr : bias.data<float>(),
              residual.empty() ? nullptr : residual.data<float>()});
}

void CudaDevice::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  if (!fits_conv_gemm(weight)) return Device::upsample_conv3x3(x, weight, bias, out);
  const SplitBuffer split(*this, pixel_count(x), x.size(3));
  split_rows(stream(), x.data<float>(), split.rows(), x.size(3));
  split_conv(split.rows(), weight, conv_shape(x, true, weight, kSamePadding3x3, out),
             {out.data<float>(), bias.empty() ? nullptr : bias.data<float>(), nullptr});
}

}  // namespace janus::cuda
