// The CUDA backend: every operation of Device on one GPU, in one stream.
#pragma once

#include <cuda_runtime.h>

#include <atomic>
#include <memory>
#include <string>

#include "core/cuda/blas.h"
#include "core/cuda/memory_pool.h"
#include "core/cuda/traits.h"
#include "core/nn/device_decode_plan.h"
#include "core/tensor/device.h"

namespace janus::cuda {

struct SplitRows;
struct ConvShape;
struct ConvOutput;

// Owns a stream and the pinned memory through which pageable memory travels.
class Transfers {
 public:
  Transfers();
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  cudaStream_t stream() const { return stream_; }
  // The copy is in the stream when this returns; `from` may change then.
  void upload(void* to, const void* from, size_t bytes);
  // Done when this returns.
  void download(void* to, const void* from, size_t bytes);

 private:
  static constexpr int kParts = 2;
  static constexpr size_t kPartBytes = size_t{16} << 20;
  cudaStream_t stream_ = nullptr;
  void* staging_ = nullptr;  // kParts of kPartBytes
  cudaEvent_t free_[kParts] = {};
};

class CudaDevice : public Device, private DeviceDecoder {
 public:
  // Opens GPU `index`, which must be there.
  explicit CudaDevice(int index);
  ~CudaDevice() override;

  // Makes this GPU the calling thread's, too.
  cudaStream_t stream() const;

  std::string name() const override { return "cuda:" + std::to_string(index_); }
  std::string description() const override;
  const DeviceTraits& traits() const override { return kTraits; }
  int64_t free_bytes() const override;
  HeldMemory held_memory() const override;
  double read_bandwidth() const override;
  double multiply_add_peak() const override;
  double int8_peak() const override;

  std::shared_ptr<void> allocate(size_t bytes) override {
    stream();
    return pool_->allocate(bytes);
  }
  void upload(void* to, const void* from_host, size_t bytes) override {
    transfers_.upload(to, from_host, bytes);
    note_written();
  }
  void download(void* to_host, const void* from, size_t bytes) override {
    transfers_.download(to_host, from, bytes);
  }

  Layout preferred_weight_layout(DType dtype, int64_t length) const override {
    return can_pack(dtype, length) ? Layout::packed : Layout::plain;
  }

  // elementwise.cu
  void convert(const Tensor& x, Tensor& out) override;
  void copy(const Tensor& x, Tensor& out) override;
  void embedding(const Tensor& table, std::span<const int32_t> ids, Tensor& out) override;
  void add(const Tensor& x, const Tensor& y, Tensor& out) override;
  void scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift, Tensor& out) override;
  void gelu_erf(const Tensor& x, Tensor& out) override;
  void swiglu(const Tensor& gate, const Tensor& up, Tensor& out) override;
  void rope(Tensor& x, int heads, std::span<const int32_t> positions, const Tensor& table) override;
  void upsample_nearest2x(const Tensor& x, Tensor& out) override;

  // linear.cu
  void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;

  // norm.cu
  void rms_norm(const Tensor& x, const Tensor& weight, float eps, Tensor& out) override;
  void layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps, Tensor& out) override;
  void group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int groups, float eps, bool silu,
                  Tensor& out) override;
  void global_response_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps,
                            Tensor& out) override;
  void l2_normalize(const Tensor& x, float eps, Tensor& out) override;

  // attention.cu
  void store_kv(const Tensor& keys, const Tensor& values, const CacheView& cache) override;
  void cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor& out) override;
  void attention(const Tensor& queries, const Tensor& keys, const Tensor& values, int heads,
                 Tensor& out) override;

  // conv.cu
  void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              Tensor& out) override;
  void silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const Tensor& residual, Tensor& out) override;
  void upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) override;

  // depthwise.cu
  void depthwise_conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Conv2dOptions& options, Tensor& out) override;

  Device& side_stream() override;
  // What the side stream waits for: called behind whatever makes weights.
  void note_written();
  // A run of device decoding begins or ends.
  void count_decode_runs(int change) { decode_runs_ += change; }

  DeviceDecoder* device_decoder() override { return this; }

 private:
  // decode.cu
  std::unique_ptr<DeviceDecodeRun> begin(const DeviceDecodePlan& plan) override;
  // pack.cu: convert() of a block format to its packed layout.
  void pack(const Tensor& x, Tensor& out);
  bool blas_linear(const Tensor& x, const Tensor& weight, const float* bias, Tensor& out);
  void gemv(const Tensor& x, const Tensor& weight, const float* bias, Tensor& out);
  // To `out`, or in two terms where that is null.
  void group_norm_to(const Tensor& x, const GroupNormOptions& norm, bool silu, float* out,
                     const SplitRows* terms);
  void split_conv(const SplitRows& x, const Tensor& weight, const ConvShape& shape, const ConvOutput& out);
  void attend_one_token(const Tensor& queries, int heads, const CacheView& cache, Tensor& out);

  int index_;
  std::string description_;
  std::shared_ptr<GpuMemoryPool> pool_;
  Transfers transfers_;
  std::unique_ptr<Blas> blas_;  // or null
  cudaEvent_t written_ = nullptr;
  std::atomic<int> decode_runs_ = 0;
  std::shared_ptr<CudaDevice> side_;  // its own stream and pool; made when first asked for
};

}  // namespace janus::cuda
