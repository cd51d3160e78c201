// The convolutional blocks of image decoders and encoders: residual, attention, resampling. Channels-last.
// Source: deepseek-ai/Janus, models/vq_model.py (ResnetBlock, AttnBlock, Upsample, Downsample).
#pragma once

#include <cstdint>
#include <optional>

#include "core/nn/layers.h"

namespace janus {

// What the tensors of a block are called, and how many groups its norms have.
struct AttentionNames {
  const char* norm = "norm";
  const char* q = "q";
  const char* k = "k";
  const char* v = "v";
  const char* proj_out = "proj_out";
};
struct BlockStyle {
  const char* shortcut = "nin_shortcut";
  AttentionNames attention = {};
  int groups = 32;
};

// h = conv1(silu(norm1 x)); h = conv2(silu(norm2 h)); x + h, with x through a 1 x 1 convolution where the
// number of channels changes.
struct ResBlock {
  GroupNorm norm1, norm2;
  Conv2d conv1, conv2;
  std::optional<Conv2d> nin_shortcut;

  static ResBlock load(const Weights& w, int64_t in, int64_t out, const BlockStyle& style = {});
  Tensor operator()(const Tensor& x) const;  // [B, h, w, C] -> [B, h, w, F]
};

// x + proj_out(attention(q, k, v of norm x)) over all positions, one head as wide as the channels.
struct AttentionBlock {
  GroupNorm norm;
  Linear q, k, v, proj_out;  // 1 x 1 convolutions

  static AttentionBlock load(const Weights& w, int64_t channels, const BlockStyle& style = {});
  Tensor operator()(const Tensor& x) const;  // [B, h, w, C] -> [B, h, w, C]
};

// The middle of an encoder or decoder: residual, attention, residual.
struct MidBlock {
  ResBlock block1;
  AttentionBlock attention;
  ResBlock block2;

  // The scopes of the three.
  static MidBlock load(const Weights& w1, const Weights& attention, const Weights& w2, int64_t channels,
                       const BlockStyle& style = {});
  Tensor operator()(const Tensor& x) const { return block2(attention(block1(x))); }  // [B, h, w, C] -> same
};

// Twice as wide and high: each position repeated, then a 3 x 3 convolution.
struct Upsample {
  Conv2d conv;

  static Upsample load(const Weights& w, int64_t channels);
  Tensor operator()(const Tensor& x) const;  // [B, h, w, C] -> [B, 2h, 2w, C]
};

// Half as wide and high: a 3 x 3 convolution of stride 2, padded right and bottom only.
struct Downsample {
  Conv2d conv;

  static Downsample load(const Weights& w, int64_t channels);
  Tensor operator()(const Tensor& x) const;  // [B, h, w, C] -> [B, h / 2, w / 2, C]
};

// A 1 x 1 convolution, stored as [F, C, 1, 1] or as a matrix, as a product over positions.
Linear load_pointwise(const Weights& w, int64_t in, int64_t out);
// A 3 x 3 convolution that keeps the size.
Tensor same_conv3x3(const Conv2d& conv, const Tensor& x);
// The same of silu(norm x), plus `residual` if it is not empty.
Tensor silu_conv3x3(const GroupNorm& norm, const Conv2d& conv, const Tensor& x, const Tensor& residual = {});

}  // namespace janus
