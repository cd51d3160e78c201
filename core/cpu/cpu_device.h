// The CPU backend: every operation of Device on one pool of threads.
#pragma once

#include <memory>
#include <string>

#include "core/cpu/kernels.h"
#include "core/cpu/memory_pool.h"
#include "core/cpu/thread_pool.h"
#include "core/cpu/traits.h"
#include "core/tensor/device.h"

namespace janus::cpu {

class CpuDevice : public Device {
 public:
  // 0 threads: as many as the process may use.
  explicit CpuDevice(int threads);

  const ThreadPool& thread_pool() const { return thread_pool_; }
  const Kernels& kernels() const { return kernels_; }

  std::string name() const override { return "cpu"; }
  std::string description() const override;
  const DeviceTraits& traits() const override { return traits_of(kernels_); }

  double read_bandwidth() const override;
  double multiply_add_peak() const override;
  double int8_peak() const override;
  double product_peak(DType weights) const override;
  double matrix_peak() const override;

  std::shared_ptr<void> allocate(size_t bytes) override { return pool_->allocate(bytes); }
  void upload(void* to, const void* from_host, size_t bytes) override;
  void download(void* to_host, const void* from, size_t bytes) override;

  Layout preferred_weight_layout(DType dtype, int64_t length) const override {
    return cpu::preferred_weight_layout(kernels_, dtype, length);
  }

  // elementwise.cc
  void convert(const Tensor& x, Tensor& out) override;
  void copy(const Tensor& x, Tensor& out) override;
  void embedding(const Tensor& table, std::span<const int32_t> ids, Tensor& out) override;
  void add(const Tensor& x, const Tensor& y, Tensor& out) override;
  void gelu_erf(const Tensor& x, Tensor& out) override;
  void swiglu(const Tensor& gate, const Tensor& up, Tensor& out) override;
  void rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) override;
  void upsample_nearest2x(const Tensor& x, Tensor& out) override;

  // linear.cc
  void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;

  void linear_multi(const Tensor& x, std::span<const LinearView> layers, std::span<Tensor> outs) override;
  void linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual, Tensor& out) override;
  void linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up, Tensor& out) override;

  // norm.cc
  void rms_norm(const Tensor& x, const Tensor& weight, float eps, Tensor& out) override;
  void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps, Tensor& out) override;
  void group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps, bool silu,
                  Tensor& out) override;
  void l2_normalize(const Tensor& x, float eps, Tensor& out) override;
  void global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                            Tensor& out) override;
  void scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift, Tensor& out) override;

  // attention.cc
  void store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) override;
  void cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) override;
  void rope_cached_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                             const Tensor& table, const CacheView& cache, Tensor& out) override;
  void attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                 Tensor& out) override;

  // conv.cc
  void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              Tensor& out) override;
  void silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const Tensor& residual, Tensor& out) override;
  void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;

  // depthwise.cc
  void depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options, Tensor& out) override;

 private:
  const Kernels& kernels_;
  ThreadPool thread_pool_;
  std::shared_ptr<MemoryPool> pool_;
};

}  // namespace janus::cpu
