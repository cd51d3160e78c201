#include "core/cuda/cuda_dry_device.h"

#include <algorithm>

#include "core/cuda/decode_needs.h"
#include "core/cuda/pooled_size.h"
#include "core/cuda/scratch.h"

namespace janus::cuda {
namespace {

size_t split_bytes_of(const Tensor& x) {
  const int64_t depth = x.shape().back();
  return split_bytes(x.elements() / depth, depth);
}

size_t filter_bytes_of(const Tensor& weight) {
  return ordered_filter_bytes(weight.dtype(), weight.size(1), weight.elements());
}

bool is_split_conv_of(const Tensor& weight) { return is_split_conv(weight.dtype(), weight.size(1)); }

}  // namespace

size_t CudaDryDevice::allocation_bytes(size_t bytes) const { return pooled_size(bytes); }

void CudaDryDevice::linear(const Tensor& x, const Tensor& weight, const Tensor&, Tensor&) {
  const bool is_one_token = x.size(x.rank() - 2) == 1;
  // By cuBLASLt, which may not be there.
  const bool is_large = weight.dtype() == DType::bf16 && is_wide(weight) &&
                        is_blas_gemm(weight.dtype(), weight.size(0), weight.size(1));
  if (is_one_token ? is_gemv_weight(weight) : is_large) reserve_scratch({split_bytes_of(x)});
}

void CudaDryDevice::group_norm(const Tensor& x, const Tensor&, const Tensor&, int groups, float, bool,
                               Tensor&) {
  reserve_scratch(
      {moment_bytes(x.size(0), x.size(1) * x.size(2), groups), channel_scale_bytes(x.size(0), x.size(3))});
}

void CudaDryDevice::global_response_norm(const Tensor& x, const Tensor&, const Tensor&, float, Tensor&) {
  reserve_scratch({channel_square_bytes(x.size(0), x.size(1) * x.size(2), x.size(3)),
                   channel_scale_bytes(x.size(0), x.size(3))});
}

void CudaDryDevice::cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor&) {
  const int64_t tokens = queries.size(1), width = cache.keys.size(2);
  const int64_t longest = *std::max_element(cache.positions.begin(), cache.positions.end()) + tokens;
  if (tokens == 1) {
    const PartShape parts{heads, context_parts(longest), width};
    const int64_t rows = std::min<int64_t>(kPlaced, queries.size(0));
    reserve_scratch({sizeof(float) * static_cast<size_t>(parts.floats(rows)),
                     sizeof(unsigned) * static_cast<size_t>(rows * cache.keys.size(0))});
  } else if (width > kMostTileWidth) {
    reserve_scratch({score_bytes(heads, tokens, longest)});
  }
}

void CudaDryDevice::attention(const Tensor& queries, const Tensor&, const Tensor&, int heads, Tensor&) {
  const int64_t tokens = queries.size(1), width = queries.size(2) / heads;
  if (width > kMostTileWidth) reserve_scratch({score_bytes(heads, tokens, tokens)});
}

void CudaDryDevice::conv2d(const Tensor& x, const Tensor& weight, const Tensor&, const Conv2dOptions&,
                           Tensor&) {
  if (is_split_conv_of(weight)) return reserve_scratch({split_bytes_of(x), filter_bytes_of(weight)});
  reserve_scratch({filter_bytes_of(weight)});
}

void CudaDryDevice::silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                                const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                                Tensor& out) {
  if (!is_split_conv_of(weight)) {
    return Device::silu_conv2d(x, norm, weight, bias, options, residual, out);
  }
  reserve_scratch({split_bytes_of(x), moment_bytes(x.size(0), x.size(1) * x.size(2), norm.groups),
                   channel_scale_bytes(x.size(0), x.size(3))});
  reserve_scratch({split_bytes_of(x), filter_bytes_of(weight)});
}

void CudaDryDevice::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  if (!is_split_conv_of(weight)) return Device::upsample_conv3x3(x, weight, bias, out);
  reserve_scratch({split_bytes_of(x), filter_bytes_of(weight)});
}

void CudaDryDevice::depthwise_conv2d(const Tensor&, const Tensor& weight, const Tensor&, const Conv2dOptions&,
                                     Tensor&) {
  reserve_scratch({channel_tap_bytes(weight.elements())});
}

std::unique_ptr<DeviceDecodeRun> CudaDryDevice::begin(const DeviceDecodePlan& plan) {
  // Holds what the steps would; they sample id 0.
  class Run : public DeviceDecodeRun {
   public:
    std::span<const int32_t> next() override { return ids; }
    std::vector<std::shared_ptr<void>> memory;
    std::vector<int32_t> ids;
  };
  if (!can_decode(plan)) return nullptr;
  auto run = std::make_unique<Run>();
  run->ids.resize(plan.items.size());
  for (const DeviceDecodePlan& group : decode_groups(plan)) {
    for (const size_t bytes : DecodeScratch::of(group).blocks()) run->memory.push_back(allocate(bytes));
  }
  return run;
}

}  // namespace janus::cuda
