#include "core/nn/layers.h"

#include "core/tensor/ops.h"

namespace janus {

Linear Linear::load(const Weights& w, int64_t in, int64_t out, bool with_bias) {
  Linear layer;
  layer.weight = w.product_matrix("weight", {out, in});
  if (with_bias) layer.bias = w.get("bias", {out});
  return layer;
}

Tensor Linear::operator()(const Tensor& x) const { return ops::linear(x, weight, bias); }

Embedding Embedding::load(const Weights& w, int64_t count, int64_t width) {
  return {.weight = w.matrix("weight", {count, width})};
}

Tensor Embedding::operator()(std::span<const int32_t> ids) const { return ops::embedding(weight, ids); }

RmsNorm RmsNorm::load(const Weights& w, int64_t width, float eps) {
  return {.weight = w.get("weight", {width}), .eps = eps};
}

Tensor RmsNorm::operator()(const Tensor& x) const { return ops::rms_norm(x, weight, eps); }

LayerNorm LayerNorm::load(const Weights& w, int64_t width, float eps) {
  return {.weight = w.get("weight", {width}), .bias = w.get("bias", {width}), .eps = eps};
}

Tensor LayerNorm::operator()(const Tensor& x) const { return ops::layer_norm(x, weight, bias, eps); }

GroupNorm GroupNorm::load(const Weights& w, int64_t channels, int groups, float eps) {
  return {
      .weight = w.get("weight", {channels}), .bias = w.get("bias", {channels}), .groups = groups, .eps = eps};
}

Tensor GroupNorm::operator()(const Tensor& x, bool swish) const {
  return ops::group_norm(x, weight, bias, groups, eps, swish);
}

GroupNormOptions GroupNorm::options() const {
  return {.weight = weight, .bias = bias, .groups = groups, .eps = eps};
}

Conv2d Conv2d::load(const Weights& w, int64_t in, int64_t out, int64_t kernel) {
  return {.weight = w.matrix("weight", {out, in, kernel, kernel}), .bias = w.get("bias", {out})};
}

Tensor Conv2d::operator()(const Tensor& x, const Conv2dOptions& options) const {
  return ops::conv2d(x, weight, bias, options);
}

Tensor Mlp::operator()(const Tensor& x) const {
  Tensor h = layers.front()(x);
  for (size_t index = 1; index < layers.size(); ++index) h = layers[index](ops::gelu_erf(h));
  return h;
}

}  // namespace janus
