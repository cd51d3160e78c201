// What a device may fuse, made of what every device has. The module of the CUDA backend links this file, too.
#include "core/device.h"

namespace janus {

void Device::swish_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                          const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                          Tensor& out) {
  Tensor normed(*this, DType::f32, x.shape());
  group_norm(x, norm.weight, norm.bias, norm.groups, norm.eps, /*swish=*/true, normed);
  conv2d(normed, weight, bias, options, out);
  if (!residual.empty()) add(out, residual, out);
}

void Device::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  Tensor larger(*this, DType::f32, Shape{x.size(0), 2 * x.size(1), 2 * x.size(2), x.size(3)});
  upsample_nearest2x(x, larger);
  conv2d(larger, weight, bias, kSamePadding3x3, out);
}

}  // namespace janus
