#include "tokenizer/image/conv_blocks.h"

#include "core/tensor/ops.h"

namespace janus {

Linear load_pointwise(const Weights& w, int64_t in, int64_t out) {
  const bool is_matrix = w.contains("weight") && w.shape("weight").rank() == 2;
  const Tensor weight = is_matrix ? w.matrix("weight", {out, in}) : w.matrix("weight", {out, in, 1, 1});
  return {.weight = weight.reshape({out, in}), .bias = w.get("bias", {out})};
}

Tensor same_conv3x3(const Conv2d& conv, const Tensor& x) { return conv(x, kSamePadding3x3); }

Tensor silu_conv3x3(const GroupNorm& norm, const Conv2d& conv, const Tensor& x, const Tensor& residual) {
  return ops::silu_conv2d(x, norm.options(), conv.weight, conv.bias, kSamePadding3x3, residual);
}

ResBlock ResBlock::load(const Weights& w, int64_t in, int64_t out, const BlockStyle& style) {
  ResBlock block{.norm1 = GroupNorm::load(w / "norm1", in, style.groups),
                 .norm2 = GroupNorm::load(w / "norm2", out, style.groups),
                 .conv1 = Conv2d::load(w / "conv1", in, out, 3),
                 .conv2 = Conv2d::load(w / "conv2", out, out, 3),
                 .nin_shortcut = std::nullopt};
  if (in != out) block.nin_shortcut = Conv2d::load(w / style.shortcut, in, out, 1);
  return block;
}

Tensor ResBlock::operator()(const Tensor& x) const {
  const Tensor h = silu_conv3x3(norm1, conv1, x);
  return silu_conv3x3(norm2, conv2, h, nin_shortcut ? (*nin_shortcut)(x) : x);
}

AttentionBlock AttentionBlock::load(const Weights& w, int64_t channels, const BlockStyle& style) {
  const AttentionNames& names = style.attention;
  return {.norm = GroupNorm::load(w / names.norm, channels, style.groups),
          .q = load_pointwise(w / names.q, channels, channels),
          .k = load_pointwise(w / names.k, channels, channels),
          .v = load_pointwise(w / names.v, channels, channels),
          .proj_out = load_pointwise(w / names.proj_out, channels, channels)};
}

MidBlock MidBlock::load(const Weights& w1, const Weights& attention, const Weights& w2, int64_t channels,
                        const BlockStyle& style) {
  return {.block1 = ResBlock::load(w1, channels, channels, style),
          .attention = AttentionBlock::load(attention, channels, style),
          .block2 = ResBlock::load(w2, channels, channels, style)};
}

Tensor AttentionBlock::operator()(const Tensor& x) const {
  const Tensor n = norm(x).reshape({x.size(0), x.size(1) * x.size(2), x.size(3)});  // [B, h * w, C]
  const Tensor mixed = proj_out(ops::attention(q(n), k(n), v(n), /*heads=*/1));
  return ops::add(x, mixed.reshape(x.shape()));
}

Upsample Upsample::load(const Weights& w, int64_t channels) {
  return {.conv = Conv2d::load(w / "conv", channels, channels, 3)};
}

Tensor Upsample::operator()(const Tensor& x) const {
  return ops::upsample_conv3x3(x, conv.weight, conv.bias);
}

Downsample Downsample::load(const Weights& w, int64_t channels) {
  return {.conv = Conv2d::load(w / "conv", channels, channels, 3)};
}

Tensor Downsample::operator()(const Tensor& x) const {
  return conv(x, {.stride = 2, .pad_bottom = 1, .pad_right = 1});
}

}  // namespace janus
