// What the kernels of the CUDA backend allocate, told without them: a part of every program, built with the
// backend or not.
#pragma once

#include "core/cuda/traits.h"
#include "core/nn/device_decode_plan.h"
#include "core/tensor/dry_device.h"

namespace janus::cuda {

class CudaDryDevice : public DryDevice, private DeviceDecoder {
 public:
  explicit CudaDryDevice(std::string stands_for) : DryDevice(std::move(stands_for)) {}

  const DeviceTraits& traits() const override { return kTraits; }

  void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;
  void group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps, bool silu,
                  Tensor& out) override;
  void global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                            Tensor& out) override;
  void cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) override;
  void attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                 Tensor& out) override;
  void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              Tensor& out) override;
  void silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const Tensor& residual, Tensor& out) override;
  void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;
  void depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options, Tensor& out) override;

  DeviceDecoder* device_decoder() override { return this; }

 protected:
  size_t allocation_bytes(size_t bytes) const override;

 private:
  std::unique_ptr<DeviceDecodeRun> begin(const DeviceDecodePlan& plan) override;
};

}  // namespace janus::cuda
