#include "core/cpu/cpu_dry_device.h"

#include "core/cpu/winograd.h"

namespace janus::cpu {

void CpuDryDevice::conv2d(const Tensor&, const Tensor& weight, const Tensor&, const Conv2dOptions& options,
                          Tensor&) {
  if (is_winograd_conv2d(weight, options)) {
    const Tensor filters(*this, DType::f32, winograd_filters(kernels(), weight.shape(), /*doubled=*/false));
    return;
  }
  const Tensor filters(*this, DType::f32, weight.shape());  // in another order
}

void CpuDryDevice::silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                               const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                               Tensor& out) {
  if (!is_same3x3(weight, options)) {
    return Device::silu_conv2d(x, norm, weight, bias, options, residual, out);
  }
  const Tensor filters(*this, DType::f32, winograd_filters(kernels(), weight.shape(), /*doubled=*/false));
}

void CpuDryDevice::upsample_conv3x3(const Tensor&, const Tensor& weight, const Tensor&, Tensor&) {
  const Tensor filters(*this, DType::f32, winograd_filters(kernels(), weight.shape(), /*doubled=*/true));
}

}  // namespace janus::cpu
