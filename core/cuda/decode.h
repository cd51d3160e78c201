// Steps of a decoder that follow each other on the GPU: the kernels of one step are captured once as a
// graph, which reads what changes (ids, positions, the noise's counter) from the GPU's own memory, and is
// started ahead of what the host has seen.
#pragma once

#include <memory>
#include <vector>

#include "core/cuda/bf16_terms.h"
#include "core/cuda/cuda_device.h"
#include "core/cuda/decode_needs.h"

namespace janus::cuda {

// What each row of a step is.
struct StepRows {
  int batch;
  int32_t items[kMostRows];  // the item whose id it reads
  int32_t cache_starts[kMostRows];
  int32_t first_positions[kMostRows];
};

// What each item samples with.
struct StepItems {
  int count;
  int32_t rows[kMostItems], other_rows[kMostItems];  // of the step; -1: none
  float guidance[kMostItems], temperature[kMostItems], top_p[kMostItems];
  int32_t top_k[kMostItems];
  uint32_t seeds[kMostItems], first_steps[kMostItems];
  uint32_t stream;
};

struct NormedRows;
struct RowScale;

class CudaDecodeRun : public DeviceDecodeRun {
 public:
  // `plan` must satisfy can_decode() and have kMostRows rows or fewer.
  CudaDecodeRun(CudaDevice& device, DeviceDecodePlan plan);
  ~CudaDecodeRun() override;

  std::span<const int32_t> next() override;

 private:
  // Steps that may be in the stream beyond what the host has seen: while an image is decoded and written,
  // some ten milliseconds.
  static constexpr int kAhead = 12;

  void capture();
  void run_layer(const DeviceDecodeLayer& layer, const Tensor& next_norm);
  void run_head();
  void run_sample();
  NormedRows normed(const Tensor& weight) const;
  RowScale norm_scale() const;
  int norm_tiles() const { return static_cast<int>(divide_up(width_, kGemvRows)); }
  float* floats(const std::shared_ptr<void>& memory) const { return static_cast<float*>(memory.get()); }

  CudaDevice& device_;
  DeviceDecodePlan plan_;
  StepRows rows_{};
  StepItems items_{};
  int64_t width_, head_width_, key_heads_, most_parts_, vocabulary_;
  cudaStream_t stream_;
  // Activations of a step.
  std::shared_ptr<void> x_, qkv_, squares_, logits_, partial_, counts_, state_, best_;
  std::unique_ptr<SplitBuffer> normed_, attended_, gated_;
  std::vector<SplitBuffer> between_;  // of the head's layers
  int32_t* sampled_ = nullptr;        // pinned: kAhead + 1 steps of kMostItems
  cudaEvent_t done_[kAhead + 1] = {};
  cudaGraphExec_t graph_ = nullptr;
  int64_t begun_ = 0, seen_ = 0;
};

}  // namespace janus::cuda
