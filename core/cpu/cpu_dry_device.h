// What the CPU's kernels allocate, told without computing.
#pragma once

#include "core/cpu/traits.h"
#include "core/tensor/dry_device.h"

namespace janus::cpu {

class CpuDryDevice : public DryDevice {
 public:
  CpuDryDevice() : DryDevice("cpu") {}

  const DeviceTraits& traits() const override { return traits_of(kernels()); }

  void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              Tensor& out) override;
  void silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const Tensor& residual, Tensor& out) override;
  void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;
};

}  // namespace janus::cpu
