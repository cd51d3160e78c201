#include "core/tensor/dry_device.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/tensor/pooled_size.h"

namespace janus {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

std::shared_ptr<void> DryDevice::allocate(size_t bytes) {
  const size_t room = bytes / kAlignment * kAlignment + kAlignment;
  check(bytes < kFirstAddress && next_ + room > next_,
        "memory: expected a tensor that a machine can hold, found {} bytes", bytes);
  void* memory = reinterpret_cast<void*>(next_);  // NOLINT(performance-no-int-to-ptr): never read
  next_ += room;
  if (is_card()) bytes = pooled_size(bytes);
  count_->live += bytes;
  count_->peak = std::max(count_->peak, count_->live);
  return {memory, [count = count_, bytes](void*) { count->live -= bytes; }};
}

void DryDevice::upload(void*, const void*, size_t bytes) { passed_bytes_ += bytes; }

void DryDevice::download(void* to_host, const void*, size_t bytes) { std::memset(to_host, 0, bytes); }

void DryDevice::convert(const Tensor& x, Tensor&) {
  if (!is_own(x.raw())) passed_bytes_ += x.bytes();
}

void DryDevice::l2_normalize(const Tensor& x, float, Tensor&) {
  // Of a weight it is a step of loading: the result is kept in place of what is stored.
  if (!is_own(x.raw())) passed_bytes_ += x.bytes();
}

void DryDevice::linear(const Tensor& x, const Tensor&, const Tensor&, Tensor&) {
  if (is_card()) take_for_a_moment(4 * x.elements());  // cut into two terms of bf16
}

void DryDevice::take_scores(int64_t width, int64_t heads, int64_t tokens, int64_t keys) {
  constexpr int64_t kMost = int64_t{256} << 20, kMostTileWidth = 128;
  // Narrower heads have theirs in registers.
  if (is_card() && width > kMostTileWidth) take_for_a_moment(std::min(4 * heads * tokens * keys, kMost));
}

void DryDevice::cached_attention(const Tensor& queries, int heads, const CacheView& cache, Tensor&) {
  const int64_t before = *std::max_element(cache.positions.begin(), cache.positions.end());
  take_scores(cache.keys.size(2), heads, queries.size(1), before + queries.size(1));
}

void DryDevice::attention(const Tensor& queries, const Tensor&, const Tensor&, int heads, Tensor&) {
  take_scores(queries.size(2) / heads, heads, queries.size(1), queries.size(1));
}

std::unique_ptr<Decoding> DryDevice::begin_decoding(const DecodingPlan& plan) {
  // Every row's logits beside each item's, and the activations between the kernels of a step.
  int64_t rows = 0, numbers = 2 * plan.norm.size(0);
  for (const DecodingItem& item : plan.items) rows += item.other_start < 0 ? 1 : 2;
  for (const DecodingLayer& layer : plan.layers) {
    const int64_t attended = 2 * layer.q_proj.size(0) + layer.k_proj.size(0) + layer.v_proj.size(0);
    numbers = std::max(numbers, 2 * plan.norm.size(0) + attended + layer.gate_proj.size(0));
  }
  for (const DecodingHead& layer : plan.head) numbers += layer.weight.size(0);
  const auto items = static_cast<int64_t>(plan.items.size());
  take_for_a_moment(4 * (rows * numbers + items * plan.head.back().weight.size(0)));
  return nullptr;
}

void DryDevice::transform_filters(const Tensor& weight) {
  // Panels of as many filters as the widest instruction set takes, each for every product of a tile.
  constexpr int64_t kFilters = 32, kProducts = 36;
  const int64_t panels = (weight.size(0) + kFilters - 1) / kFilters;
  const Tensor transformed(*this, DType::f32, Shape{panels, weight.size(1), kFilters, kProducts});
}

void DryDevice::take_terms(const Tensor& x, const Tensor& weight) {
  const Tensor terms(*this, DType::f32, x.shape()), filters(*this, DType::f32, weight.shape());
}

void DryDevice::conv2d(const Tensor& x, const Tensor& weight, const Tensor&, const Conv2dOptions& options,
                       Tensor&) {
  if (is_card()) return take_terms(x, weight);
  if (is_winograd(weight, options)) return transform_filters(weight);
  const Tensor filters(*this, DType::f32, weight.shape());  // in another order
}

void DryDevice::swish_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                             const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                             Tensor& out) {
  if (is_card()) return take_terms(x, weight);
  if (is_winograd(weight, options)) return transform_filters(weight);
  Device::swish_conv2d(x, norm, weight, bias, options, residual, out);
}

void DryDevice::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  if (is_card() && weight.dtype() != DType::f32) return take_terms(x, weight);
  if (is_winograd(weight, kSamePadding3x3)) return transform_filters(weight);
  Device::upsample_conv3x3(x, weight, bias, out);
}

}  // namespace janus
