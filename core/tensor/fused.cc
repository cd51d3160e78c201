// What a device may fuse, made of what every device has. The module of the CUDA backend links this file, too.
#include "core/tensor/device.h"

namespace janus {

void Device::linear_multi(const Tensor& x, std::span<const LinearView> layers, std::span<Tensor> outs) {
  for (size_t i = 0; i < layers.size(); ++i) linear(x, layers[i].weight, layers[i].bias, outs[i]);
}

void Device::linear_add(const Tensor& x, const LinearView& layer, const Tensor& residual, Tensor& out) {
  Tensor product(*this, DType::f32, out.shape());
  linear(x, layer.weight, layer.bias, product);
  add(residual, product, out);
}

void Device::linear_swiglu(const Tensor& x, const LinearView& gate, const LinearView& up, Tensor& out) {
  Tensor gate_out(*this, DType::f32, out.shape()), up_out(*this, DType::f32, out.shape());
  linear(x, gate.weight, gate.bias, gate_out);
  linear(x, up.weight, up.bias, up_out);
  swiglu(gate_out, up_out, out);
}

void Device::rope_cached_attention(Tensor& queries, Tensor& keys, const Tensor& values, int heads,
                                   const Tensor& table, const CacheView& cache, Tensor& out) {
  rope(queries, heads, cache.rotations(), table);
  rope(keys, static_cast<int>(cache.keys.size(0)), cache.rotations(), table);
  store_kv(keys, values, cache);
  cached_attention(queries, heads, cache, out);
}

void Device::silu_conv2d(const Tensor& x, const GroupNormOptions& norm, const Tensor& weight,
                         const Tensor& bias, const Conv2dOptions& options, const Tensor& residual,
                         Tensor& out) {
  Tensor normed(*this, DType::f32, x.shape());
  group_norm(x, norm.weight, norm.bias, norm.groups, norm.eps, /*silu=*/true, normed);
  conv2d(normed, weight, bias, options, out);
  if (!residual.empty()) add(out, residual, out);
}

void Device::upsample_conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& out) {
  Tensor larger(*this, DType::f32, Shape{x.size(0), 2 * x.size(1), 2 * x.size(2), x.size(3)});
  upsample_nearest2x(x, larger);
  conv2d(larger, weight, bias, kSamePadding3x3, out);
}

}  // namespace janus
